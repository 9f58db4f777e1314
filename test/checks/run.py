import sys
sys.path.insert(0, "docs/checks")
from licence_check import read_licence

for line in sys.stdin.buffer.read().decode().splitlines():
    product, number, key, text = line.split("\t")
    found = read_licence(text, {int(number): bytes.fromhex(key)}, int(product))
    sys.stdout.buffer.write(((found["name"].encode().hex() + "|" + str(found["seats"]) + "|" + found["id"] if found else "-") + "\n").encode())
