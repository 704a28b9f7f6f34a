"""The tools around Tilewright: command lines, test formats. Depends on `tilewright`, never the other way."""
