# Sourced by tools/run and tools/test with `root` set: makes .venv and sets `python` to its interpreter.
host=
for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
  if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
    host=$candidate
    break
  fi
done
if [ -z "$host" ]; then
  echo "tilewright: error: Python 3.10 to 3.14 is needed, as python3 or python3.N on PATH" >&2
  exit 3
fi
"$host" "$root/tools/bootstrap.py" || exit $?
python=$root/.venv/bin/python
