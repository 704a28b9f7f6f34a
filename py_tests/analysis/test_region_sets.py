"""Regions against what they stand for: sets of elements, enumerated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilewright import mlir
from tilewright.analysis.linear import Linear
from tilewright.analysis.regions import (
    CarriedBy,
    Interval,
    Region,
    buffer_name,
    covered,
    element,
    is_kernel_argument,
    kept_dimensions,
    may_overlap,
    region_of,
    root_of,
    subview_parameters,
    surely_overlap,
    whole,
)
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations

pytestmark = pytest.mark.l1a_compile_no_target_dialect

SIZE = 6
BUFFERS = "%L = memref.alloc() : memref<6xf32> %M = memref.alloc() : memref<6x6xf32>"


@contextmanager
def operations_of(text: str, holder: str = "func.func @f") -> Iterator[list[ir.Operation]]:
    """All operations of a function, those in regions too."""
    types = "!a = memref<8x16xf32>\n!d = memref<?x16xf32>\n!r = memref<4x16xf32, strided<[16, 1], offset: ?>>\n"
    end = "gpu.return" if holder.startswith("gpu") else "return"
    function = f"{holder}(%A: !a, %D: !d, %i: index, %j: index, %v: f32, %g: i1) {{ {text} {end} }}"
    with mlir.context():
        module = ir.Module.parse(types + (f"gpu.module @m {{ {function} }}" if holder.startswith("gpu") else function))
        yield list(nested_operations(module.operation))


def parts() -> st.SearchStrategy[tuple[int, int]]:
    """An interval inside a dimension: where it starts, and how many elements it has."""
    return st.integers(0, SIZE - 1).flatmap(lambda start: st.tuples(st.just(start), st.integers(1, SIZE - start)))


def region(root: ir.Value, box: list[tuple[int, int]], exact: bool = True) -> Region:
    return Region(root, tuple(Interval(Linear(start), extent) for start, extent in box), exact)


def elements(box: list[tuple[int, int]]) -> set[tuple[int, ...]]:
    return set(product(*(range(start, start + extent) for start, extent in box)))


def test_writes_along_a_line_cover_what_their_elements_cover():
    with operations_of(BUFFERS) as operations:
        line = next(operation for operation in operations if operation.name == "memref.alloc").results[0]

        @settings(deadline=None, max_examples=200)
        @given(parts(), st.lists(st.tuples(parts(), st.booleans()), max_size=4))
        def check(wanted, writes):
            touched = set().union(*(elements([part]) for part, exact in writes if exact))
            found = covered(region(line, [wanted]), [region(line, [part], exact) for part, exact in writes])
            assert found == (elements([wanted]) <= touched)
            # Any index of the line: all of it.
            anywhere = Region(line, (Interval(Linear(), None),), False)
            touched = set().union(*(elements([part]) for part, _ in writes))
            assert covered(anywhere, [region(line, [part]) for part, _ in writes]) == (elements([(0, SIZE)]) <= touched)

        check()


BOXES = st.tuples(parts(), parts()).map(list)


def is_inside(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and sum(inner) <= sum(outer)


def test_boxes_against_their_elements():
    with operations_of(BUFFERS) as operations:
        grid = [operation for operation in operations if operation.name == "memref.alloc"][1].results[0]

        @settings(deadline=None, max_examples=200)
        @given(BOXES, BOXES, BOXES)
        def check(wanted, first, second):
            one, other = region(grid, first), region(grid, second)
            assert one.covers(region(grid, wanted)) == (elements(wanted) <= elements(first))
            assert may_overlap(one, other) == surely_overlap(one, other) == bool(elements(first) & elements(second))
            assert not surely_overlap(region(grid, first, exact=False), other)
            assert not surely_overlap(one, region(grid, second, exact=False))
            found = covered(region(grid, wanted), [one, other])
            together = elements(wanted) <= elements(first) | elements(second)
            assert together or not found
            # Side by side along one dimension, each as wide as what is wanted in the other one.
            wide = [all(is_inside(wanted[d], box[d]) for box in (first, second)) for d in range(2)]
            assert found or not (together and any(wide))

        check()


def test_boxes_of_two_iterations_against_their_elements():
    """Two intervals that move by `stride` times the induction variable, in any two different iterations."""
    with operations_of(BUFFERS + " scf.for %k = %i to %j step %i { memref.store %v, %A[%k, %k] : !a }") as operations:
        loop = next(operation for operation in operations if operation.name == "scf.for")
        line = next(operation for operation in operations if operation.name == "memref.alloc").results[0]
        body = loop.regions[0].blocks[0]
        induction = body.arguments[0]
        for stride, step, gap, first, second in product((-2, -1, 0, 1, 3), (1, 2), range(-5, 6), (1, 2, 3), (1, 2, 3)):
            terms = {induction: stride} if stride else {}
            one, other = (
                Region(line, (Interval(Linear(start, terms), extent),)) for start, extent in ((0, first), (gap, second))
            )
            overlap = may_overlap(one, other, CarriedBy(induction, step, body))
            distances = [stride * step * d for d in range(-12, 13) if d]
            meet = any(-second < gap + distance < first for distance in distances)
            assert overlap or not meet
            if first == second and abs(gap) <= abs(stride * step):
                assert overlap == meet
            if stride == 0:
                assert overlap == meet
            else:
                assert may_overlap(one, other, CarriedBy(induction, None, body))


def test_what_is_computed_inside_may_differ_from_iteration_to_iteration():
    text = """%L = memref.alloc() : memref<6xf32> %o = arith.muli %i, %j : index
    scf.for %k = %i to %j step %i {
      %p = arith.muli %k, %j : index
      scf.for %l = %i to %j step %i { scf.if %g { %q = arith.muli %l, %j : index memref.store %v, %L[%q] : memref<6xf32> } }
      memref.store %v, %L[%p] : memref<6xf32>
    }"""
    with operations_of(text) as operations:
        outer, inner = (operation for operation in operations if operation.name == "scf.for")
        line = next(operation for operation in operations if operation.name == "memref.alloc").results[0]
        function = next(operation for operation in operations if operation.name == "func.func")
        body = outer.regions[0].blocks[0]
        o, p, q = (operation.results[0] for operation in operations if operation.name == "arith.muli")
        carried = CarriedBy(body.arguments[0], 1, body)
        outside = (o, function.regions[0].blocks[0].arguments[2])
        inside = (p, q, inner.regions[0].blocks[0].arguments[0])
        for value, varies in (*((value, False) for value in outside), *((value, True) for value in inside)):
            one, other = (Region(line, (Interval(Linear(start, {value: 1}), 1),)) for start in (0, 1))
            assert not may_overlap(one, other)
            assert may_overlap(one, other, carried) == varies


def last_result(operations: list[ir.Operation]) -> ir.Value:
    """Of the last operation of the function but its return."""
    return [operation for operation in operations if len(operation.results)][-1].results[0]


CAST = "memref<?x16xf32, strided<[16, 1], offset: ?>>"


@pytest.mark.parametrize(
    ("text", "box", "exact"),
    [
        # What a view forgets of its extent its source may know.
        (
            f"%w = memref.subview %A[%i, 0] [4, 16] [1, 1] : !a to !r %c = memref.cast %w : !r to {CAST}",
            [(0, 1, 4), (0, 0, 16)],
            False,
        ),
        (
            f"%w = memref.subview %A[%i, 0] [%j, 16] [1, 1] : !a to {CAST}",
            [(0, 1, None), (0, 0, 16)],
            False,
        ),
        (
            f"%w = memref.subview %A[%i, 0] [4, 16] [1, 1] : !a to !r "
            f"%c = memref.subview %w[%j, 0] [%i, 16] [1, 1] : !r to {CAST}",
            [(0, 2, None), (0, 0, 16)],
            False,
        ),
        # Strides: every element of the box only where there is one, or where the stride is 1.
        (
            "%w = memref.subview %A[2, 1] [1, 8] [4, 1] : !a to memref<1x8xf32, strided<[64, 1], offset: 33>>",
            [(2, 0, 1), (1, 0, 8)],
            True,
        ),
        (
            "%w = memref.subview %A[0, 1] [4, 1] [2, 2] : !a to memref<4x1xf32, strided<[32, 2], offset: 1>>",
            [(0, 0, 7), (1, 0, 1)],
            False,
        ),
        (
            "%w = memref.subview %A[0, 1] [1, 4] [2, 3] : !a to memref<1x4xf32, strided<[32, 3], offset: 1>>",
            [(0, 0, 1), (1, 0, 10)],
            False,
        ),
        (
            "%w = memref.subview %A[%i, 1] [4, 8] [%j, 1] : !a to memref<4x8xf32, strided<[?, 1], offset: ?>>",
            [(0, 1, None), (1, 0, 8)],
            False,
        ),
        (
            "%w = memref.subview %A[3, 1] [%j, 8] [2, 1] : !a to memref<?x8xf32, strided<[32, 1], offset: 49>>",
            [(3, 0, None), (1, 0, 8)],
            False,
        ),
        # What is not followed: all of the buffer, and all of it surely only where it is only another shape of all.
        ("%w = memref.collapse_shape %A [[0, 1]] : !a into memref<128xf32>", [(0, 0, 8), (0, 0, 16)], True),
        ("%w = memref.collapse_shape %D [[0, 1]] : !d into memref<?xf32>", [(0, 0, None), (0, 0, 16)], False),
        (
            "%w = memref.transpose %A (d0, d1) -> (d1, d0) : !a to memref<16x8xf32, strided<[1, 16]>>",
            [(0, 0, 8), (0, 0, 16)],
            False,
        ),
        (
            "%w = memref.reinterpret_cast %A to offset: [0], sizes: [8, 16], strides: [16, 1] "
            ": !a to memref<8x16xf32, strided<[16, 1]>>",
            [(0, 0, 8), (0, 0, 16)],
            False,
        ),
        (
            "%x = memref.collapse_shape %A [[0, 1]] : !a into memref<128xf32> "
            "%w = memref.subview %x[0] [64] [1] : memref<128xf32> to memref<64xf32, strided<[1]>>",
            [(0, 0, 8), (0, 0, 16)],
            False,
        ),
    ],
)
def test_a_view_in_the_coordinates_of_its_buffer(text, box, exact):
    with operations_of(text) as operations:
        found = whole(last_result(operations))
        assert [(part.start.constant, len(part.start.terms), part.extent) for part in found.box] == box
        assert found.exact == exact
        assert found.root is not None and ir.BlockArgument(found.root).arg_number == (1 if "%D" in text else 0)


def test_an_element_of_a_strided_view():
    text = "%w = memref.subview %A[2, 3] [3, 4] [2, 3] : !a to memref<3x4xf32, strided<[32, 3], offset: 35>>"
    with operations_of(text) as operations:
        view = last_result(operations)
        i, j = (view.owner.operation.operands[0].owner.arguments[position] for position in (2, 3))
        found = element(view, [i, j])
        assert [(part.start.constant, dict(part.start.terms), part.extent) for part in found.box] == [
            (2, {i: 2}, 1),
            (3, {j: 3}, 1),
        ]
        assert found.exact


@pytest.mark.parametrize(
    ("sizes", "result", "kept"),
    [
        ("1, 8", "8", [1]),
        ("1, 8", "1x8", [0, 1]),
        ("8, 1", "8", [0]),
        # Where more dimensions have extent 1 than are dropped, the leading ones go.
        ("1, 1", "1", [1]),
    ],
)
def test_the_dimensions_that_a_view_keeps(sizes, result, kept):
    strides = {"8": {"1, 8": "1", "8, 1": "16"}[sizes] if result == "8" else "", "1x8": "16, 1", "1": "1"}[result]
    text = f"%w = memref.subview %A[0, 0] [{sizes}] [1, 1] : !a to memref<{result}xf32, strided<[{strides}]>>"
    with operations_of(text) as operations:
        view = last_result(operations).owner.operation
        assert kept_dimensions(view) == kept


def test_the_parameters_of_a_view():
    text = "%w = memref.subview %A[%i, 2] [4, %j] [%i, 1] : !a to memref<4x?xf32, strided<[?, 1], offset: ?>>"
    with operations_of(text) as operations:
        view = last_result(operations).owner.operation
        offsets, sizes, strides = subview_parameters(view)
        assert [(form.constant, len(form.terms)) for form in offsets] == [(0, 1), (2, 0)]
        assert (sizes, strides) == ([4, None], [None, 1])


def test_memory_that_is_not_known():
    text = """%L = memref.alloc() : memref<6xf32> %M = memref.alloca() : memref<6xf32>
    %s = arith.select %g, %L, %M : memref<6xf32>
    %r = scf.for %k = %i to %j step %i iter_args(%x = %L) -> (memref<6xf32>) { scf.yield %x : memref<6xf32> }"""
    with operations_of(text) as operations:
        results = {operation.name: operation.results[0] for operation in operations if len(operation.results)}
        carried = results["scf.for"].owner.operation.regions[0].blocks[0].arguments[1]
        for unknown in (results["arith.select"], results["scf.for"], carried):
            assert whole(unknown) == Region(None, (), False) and root_of(unknown) is None
            assert not covered(whole(unknown), [whole(results["memref.alloc"])])
        for known in (results["memref.alloc"], results["memref.alloca"]):
            assert root_of(known) == known and region_of(known, whole(known).box) == whole(known)
            assert whole(known).exact
        assert not is_kernel_argument(carried) and not is_kernel_argument(results["memref.alloc"])


@pytest.mark.parametrize("holder", ["func.func @f", "gpu.func @f"])
def test_the_arguments_of_a_function_are_buffers_of_their_own(holder):
    with operations_of("%c = memref.cast %A : !a to memref<?x16xf32>", holder) as operations:
        argument = last_result(operations).owner.operation.operands[0]
        assert is_kernel_argument(argument)
        assert root_of(last_result(operations)) == argument and whole(argument).root == argument


def test_the_name_of_a_buffer():
    with operations_of("%L = memref.alloc() : memref<6xf32>") as operations, ir.Location.unknown():
        named = last_result(operations)
        assert buffer_name(None) == "unknown memory"
        assert buffer_name(named).startswith("memref<6xf32> of ")
        no_sizes = {"operandSegmentSizes": ir.DenseI32ArrayAttr.get([0, 0])}
        anonymous = ir.Operation.create("memref.alloc", results=[named.type], attributes=no_sizes)
        assert buffer_name(anonymous.results[0]) == "memref<6xf32>"


def test_what_has_no_known_extent_may_overlap_everything_in_its_buffer():
    with operations_of(BUFFERS + " scf.for %k = %i to %j step %i { }") as operations:
        loop = next(operation for operation in operations if operation.name == "scf.for")
        line = next(operation for operation in operations if operation.name == "memref.alloc").results[0]
        body = loop.regions[0].blocks[0]
        unknown, known = Region(line, (Interval(Linear(5), None),)), region(line, [(0, 1)])
        for first, second in ((unknown, known), (known, unknown), (unknown, unknown)):
            assert may_overlap(first, second)
            assert may_overlap(first, second, CarriedBy(body.arguments[0], 1, body))


def test_what_surely_overlaps():
    with operations_of(BUFFERS) as operations:
        line, grid = (operation.results[0] for operation in operations if operation.name == "memref.alloc")
        i = next(operation for operation in operations if operation.name == "func.func").regions[0].blocks[0].arguments[2]
        all_of_it = region(line, [(0, SIZE)])
        moved = [Region(line, (Interval(Linear(start, {i: 1}), 2),)) for start in range(4)]
        unknown = Region(line, (Interval(Linear(), None),))
        assert [surely_overlap(moved[0], other) for other in moved] == [True, True, False, False]
        assert [surely_overlap(other, moved[0]) for other in moved] == [True, True, False, False]
        # Whatever is accessed is in all of the buffer, and may be outside of a part of it.
        assert all(surely_overlap(*pair) for other in (moved[0], unknown) for pair in ((all_of_it, other), (other, all_of_it)))
        part = region(line, [(0, 4)])
        assert not any(surely_overlap(*pair) for other in (moved[0], unknown) for pair in ((part, other), (other, part)))
        nowhere = Region(None, (), True)
        assert not surely_overlap(nowhere, all_of_it) and not surely_overlap(all_of_it, nowhere)
        assert not surely_overlap(all_of_it, region(grid, [(0, SIZE), (0, SIZE)]))


def test_a_write_that_is_not_known_along_a_dimension_covers_nothing_there():
    with operations_of(BUFFERS) as operations:
        line = next(operation for operation in operations if operation.name == "memref.alloc").results[0]
        i = next(operation for operation in operations if operation.name == "func.func").regions[0].blocks[0].arguments[2]
        wanted = region(line, [(0, SIZE)])
        # Claimed to be exact: what has no extent, and what begins somewhere else.
        assert not covered(wanted, [Region(line, (Interval(Linear(), None),))])
        assert not covered(wanted, [Region(line, (Interval(Linear(0, {i: 1}), SIZE),))])
        moved = [Region(line, (Interval(Linear(start, {i: 1}), 3),)) for start in (0, 3)]
        assert covered(Region(line, (Interval(Linear(0, {i: 1}), SIZE),)), moved)
