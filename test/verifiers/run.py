"""What docs/verifiers/serial_check.py says of each line of input: whether the serial is valid, and which one it makes."""
import pathlib
import sys
from dataclasses import fields
from functools import lru_cache

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "docs/verifiers"))
import serial_check
from serial_check import Profile, is_valid, serial_for

NAMES = ["key", "key_form", "mode", "iv", "padding", "charset", "name_form", "trim", "collapse", "fold", "alphabet", "cut", "separator", "prefix"]
assert NAMES == [field.name for field in fields(Profile)]

# The questions repeat keys and blocks.
serial_check._aes_block = lru_cache(None)(serial_check._aes_block)
assert is_valid("Jane Q. Sample", "B05F5DA78463537B5F9A76CF01B76E01")
for line in sys.stdin.read().splitlines():
    *options, name, serial = (bytes.fromhex(field).decode() for field in line.split("\t"))
    said = dict(zip(NAMES, options))
    profile = Profile(**{**said, "trim": said["trim"] == "1", "collapse": said["collapse"] == "1", "cut": int(said["cut"])})
    print(int(is_valid(name, serial, profile)), serial_for(name, profile), sep="\t")
