"""Tells whether a serial that Keypost made belongs to a name. Copy this file into your app and write your product's
`serial` from keypost.config.ts and its key into Profile. It needs Python 3.7 or later and no package: AES stands below.

AES here keeps honest people honest, and no more: the key is in the app, and whoever takes it out can write a serial for
any name. So the name is encrypted and the whole compared; an app that decrypts a serial instead, and looks whether a
name comes out, accepts what was put together from parts of others. More in Keypost's docs/serials.md.
"""
import base64
import hashlib
import hmac
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    key: str = "1234567890123456"
    key_form: str = "ascii"  # ascii, hex, base64 or md5
    mode: str = "ecb"  # ecb, cbc, cfb8 or cbc-dcpcrypt
    iv: str = "zero"  # zero, key, encrypted-zero, or 32 hex digits; ECB has none
    padding: str = "pkcs7"  # pkcs7, null, space, x923 or none
    charset: str = "utf8"  # utf8, windows-1252, macroman, latin1 or utf16le
    name_form: str = "nfc"  # nfc, nfd or as-is
    trim: bool = True
    collapse: bool = True
    fold: str = "none"  # none, upper or lower
    alphabet: str = "HEX"  # hex, HEX, base64, base64url, base32 or crockford
    cut: int = 0  # how many characters are kept; 0: all
    separator: str = "-"
    prefix: str = ""


CODECS = {"utf8": "utf-8", "windows-1252": "cp1252", "macroman": "mac_roman", "latin1": "latin-1", "utf16le": "utf-16-le"}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALPHABETS = {
    "hex": "0123456789ABCDEF",  # in capitals, as all that is typed will be
    "HEX": "0123456789ABCDEF",
    "base64": LETTERS + LETTERS.lower() + "0123456789+/",
    "base64url": LETTERS + LETTERS.lower() + "0123456789-_",
    "base32": LETTERS + "234567",
    "crockford": "0123456789ABCDEFGHJKMNPQRSTVWXYZ",  # https://www.crockford.com/base32.html
}


def is_valid(name: str, serial: str, profile: Profile = Profile()) -> bool:
    """Whether `serial`, as the buyer typed it, is that of `name`. Nobody has an empty name."""
    try:
        expected = serial_for(name, profile)
    except UnicodeEncodeError:  # the charset lacks a character: no serial was made for such a name
        return False
    typed = _plain(serial, profile)
    return _cleaned(name, profile) != "" and hmac.compare_digest(expected.encode(), typed.encode())


def serial_for(name: str, profile: Profile = Profile()) -> str:
    """The serial without what stands between its groups."""
    data = _padded(profile.padding, _cleaned(name, profile).encode(CODECS[profile.charset]))
    digits = _spelled(_encrypted(profile, _key_bytes(profile), data), ALPHABETS[profile.alphabet])
    return _plain(profile.prefix + digits[: profile.cut or None], profile)


def _cleaned(name: str, p: Profile) -> str:
    """The name as Keypost cleans it before it encrypts it; see docs/names.md."""

    def normal(text):
        return text if p.name_form == "as-is" else unicodedata.normalize(p.name_form.upper(), text)

    text = normal(name)
    text = {"none": text, "upper": text.upper(), "lower": text.lower()}[p.fold]
    text = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)
    # Invisible characters go; the joiner stays, since emoji need it.
    text = "".join(c for c in text if unicodedata.category(c) != "Cf" or c == "\u200d")
    while p.collapse and "  " in text:
        text = text.replace("  ", " ")
    return normal(text.strip("\t\r\n " if p.trim else "\t\r\n"))


def _key_bytes(p: Profile) -> bytes:
    """Sixteen bytes; a key of another length is filled up with zeros or cut, as `fit: 'null-pad-or-cut'` has it."""
    read = {"ascii": str.encode, "hex": bytes.fromhex, "base64": base64.b64decode, "md5": lambda k: hashlib.md5(k.encode()).digest()}
    return read[p.key_form](p.key)[:16].ljust(16, b"\0")


def _padded(padding: str, data: bytes) -> bytes:
    missing = 16 - len(data) % 16  # 1 to 16
    return data + {
        "none": b"",
        "null": bytes(missing % 16),  # nothing is added to whole blocks
        "space": b" " * (missing % 16),
        "pkcs7": bytes([missing] * missing),
        "x923": bytes(missing - 1) + bytes([missing]),
    }[padding]


def _encrypted(p: Profile, key: bytes, data: bytes) -> bytes:
    def block(data):
        return _aes_block(key, data)

    named = {"zero": lambda: bytes(16), "key": lambda: key, "encrypted-zero": lambda: block(bytes(16))}
    before = bytes(16) if p.mode == "ecb" else named.get(p.iv, lambda: bytes.fromhex(p.iv))()
    out = b""
    step = 1 if p.mode == "cfb8" else 16
    for at in range(0, len(data), step):
        part = data[at : at + step]
        if p.mode == "ecb":
            out += block(part)
        elif p.mode == "cfb8":  # one byte at a time; `before` is the last sixteen bytes of ciphertext
            out += _xor(part, block(before))
            before = before[1:] + out[-1:]
        elif len(part) == 16:
            before = block(_xor(part, before))
            out += before
        else:  # Delphi's DCPcrypt: what is left over is XORed with the encryption of the block before it
            out += _xor(part, block(before))
    return out


def _spelled(data: bytes, digits: str) -> str:
    """Bits to digits, the highest first; the last digit is filled up with zero bits."""
    width = len(digits).bit_length() - 1
    bits = "".join(f"{byte:08b}" for byte in data)
    return "".join(digits[int(bits[at : at + width].ljust(width, "0"), 2)] for at in range(0, len(bits), width))


def _plain(text: str, p: Profile) -> str:
    """Without spaces, hyphens, separators; in capitals where small letters mean no more; Crockford's O, I and L read."""
    folded = str if p.alphabet.startswith("base64") else str.upper
    typed = folded(text)
    if p.alphabet == "crockford":
        typed = typed.replace("O", "0").replace("I", "1").replace("L", "1")
    dropped = folded("-=" + p.separator)
    return "".join(c for c in typed if c in ALPHABETS[p.alphabet] or ("!" <= c <= "~" and c not in dropped))


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b))


def _double(byte: int) -> int:  # in AES's field: FIPS 197, 4.2
    return byte << 1 ^ (0x11B if byte & 0x80 else 0)


S_BOX = bytes.fromhex(  # FIPS 197, figure 7
    "637c777bf26b6fc53001672bfed7ab76ca82c97dfa5947f0add4a2af9ca472c0b7fd9326363ff7cc34a5e5f171d8311504c723c3"
    "1896059a071280e2eb27b27509832c1a1b6e5aa0523bd6b329e32f8453d100ed20fcb15b6acbbe394a4c58cfd0efaafb434d3385"
    "45f9027f503c9fa851a3408f929d38f5bcb6da2110fff3d2cd0c13ec5f974417c4a77e3d645d197360814fdc222a908846eeb814"
    "de5e0bdbe0323a0a4906245cc2d3ac629195e479e7c8376d8dd54ea96c56f4ea657aae08ba78252e1ca6b4c6e8dd741f4bbd8b8a"
    "703eb5664803f60e613557b986c11d9ee1f8981169d98e949b1e87e9ce5528df8ca1890dbfe6426841992d0fb054bb16"
)


def _aes_block(key: bytes, block: bytes) -> bytes:  # FIPS 197, 5.1, the round keys made on the way (5.2)
    state, constant = _xor(block, key), 1
    for turn in range(1, 11):
        head = _xor(bytes(S_BOX[key[at]] for at in (13, 14, 15, 12)), bytes([constant, 0, 0, 0]))
        for at in range(0, 16, 4):
            head = _xor(head, key[at : at + 4])
            key = key[:at] + head + key[at + 4 :]
        constant = _double(constant)
        state = bytes(S_BOX[state[(at + at % 4 * 4) % 16]] for at in range(16))  # SubBytes and ShiftRows
        if turn < 10:
            state = b"".join(_mixed(state[at : at + 4]) for at in range(0, 16, 4))
        state = _xor(state, key)
    return state


def _mixed(column: bytes) -> bytes:  # MixColumns: 2, 3, 1, 1 times the bytes
    a, b, c, d = column
    return bytes(_double(w ^ x) ^ x ^ y ^ z for w, x, y, z in ((a, b, c, d), (b, c, d, a), (c, d, a, b), (d, a, b, c)))
