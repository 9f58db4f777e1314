/*
 * Tells whether a serial that Keypost made belongs to a name. Copy this file into your app and write your product's
 * `serial` from keypost.config.ts and its key into SERIAL_PROFILE. It needs C99 and OpenSSL 1.1 or later (-lcrypto).
 *
 * AES here keeps honest people honest, and no more: the key is in the app, and whoever takes it out can write a serial
 * for any name. So the name is encrypted and the whole compared; an app that decrypts a serial instead, and looks whether
 * a name comes out, accepts what was put together from parts of others. More in Keypost's docs/serials.md.
 *
 * C knows nothing of accents and capitals: hand names over in UTF-8, in the normal form (NFC where the profile says no
 * other) and, with `fold`, in the case that the profile asks for. CFStringNormalize, NormalizeString and ICU do that.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *key, *key_form;  /* ascii, hex, base64 or md5 */
    const char *mode;            /* ecb, cbc, cfb8 or cbc-dcpcrypt */
    const char *iv;              /* zero, key, encrypted-zero, or 32 hex digits; ECB has none */
    const char *padding;         /* pkcs7, null, space, x923 or none */
    const char *charset;         /* utf8, windows-1252, macroman, latin1 or utf16le */
    const char *alphabet;        /* hex, HEX, base64, base64url, base32 or crockford */
    const char *separator, *prefix;
    int cut;                     /* how many characters are kept; 0: all */
    int trim, collapse;
} SerialProfile;

static const SerialProfile SERIAL_PROFILE = {
    .key = "1234567890123456", .key_form = "ascii", .mode = "ecb", .iv = "zero", .padding = "pkcs7", .charset = "utf8",
    .alphabet = "HEX", .separator = "-", .prefix = "", .cut = 0, .trim = 1, .collapse = 1,
};

#define IS(text, word) (strcmp(text, word) == 0)
enum { MAX_NAME = 1024, MAX_SERIAL = 4096 };

static const uint16_t WINDOWS_1252[32] = { /* 80 to 9F; what follows is as in Latin-1 */
    0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,
    0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
};
static const uint16_t MAC_ROMAN[128] = {
    0x00c4, 0x00c5, 0x00c7, 0x00c9, 0x00d1, 0x00d6, 0x00dc, 0x00e1, 0x00e0, 0x00e2, 0x00e4, 0x00e3, 0x00e5, 0x00e7, 0x00e9, 0x00e8,
    0x00ea, 0x00eb, 0x00ed, 0x00ec, 0x00ee, 0x00ef, 0x00f1, 0x00f3, 0x00f2, 0x00f4, 0x00f6, 0x00f5, 0x00fa, 0x00f9, 0x00fb, 0x00fc,
    0x2020, 0x00b0, 0x00a2, 0x00a3, 0x00a7, 0x2022, 0x00b6, 0x00df, 0x00ae, 0x00a9, 0x2122, 0x00b4, 0x00a8, 0x2260, 0x00c6, 0x00d8,
    0x221e, 0x00b1, 0x2264, 0x2265, 0x00a5, 0x00b5, 0x2202, 0x2211, 0x220f, 0x03c0, 0x222b, 0x00aa, 0x00ba, 0x03a9, 0x00e6, 0x00f8,
    0x00bf, 0x00a1, 0x00ac, 0x221a, 0x0192, 0x2248, 0x2206, 0x00ab, 0x00bb, 0x2026, 0x00a0, 0x00c0, 0x00c3, 0x00d5, 0x0152, 0x0153,
    0x2013, 0x2014, 0x201c, 0x201d, 0x2018, 0x2019, 0x00f7, 0x25ca, 0x00ff, 0x0178, 0x2044, 0x20ac, 0x2039, 0x203a, 0xfb01, 0xfb02,
    0x2021, 0x00b7, 0x201a, 0x201e, 0x2030, 0x00c2, 0x00ca, 0x00c1, 0x00cb, 0x00c8, 0x00cd, 0x00ce, 0x00cf, 0x00cc, 0x00d3, 0x00d4,
    0xf8ff, 0x00d2, 0x00da, 0x00db, 0x00d9, 0x0131, 0x02c6, 0x02dc, 0x00af, 0x02d8, 0x02d9, 0x02da, 0x00b8, 0x02dd, 0x02db, 0x02c7,
};

static const char *digits_of(const char *alphabet) {
    if (IS(alphabet, "base64")) return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (IS(alphabet, "base64url")) return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (IS(alphabet, "base32")) return "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    if (IS(alphabet, "crockford")) return "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* https://www.crockford.com/base32.html */
    return "0123456789ABCDEF";
}

/* The next character of UTF-8, moving `*at` on; 0 where it is none. */
static uint32_t next_code(const unsigned char **at) {
    uint32_t code = *(*at)++;
    int more = code < 0x80 ? 0 : code < 0xc2 ? -1 : code < 0xe0 ? 1 : code < 0xf0 ? 2 : code < 0xf5 ? 3 : -1;
    if (more < 0) return 0;
    for (code &= more ? 0x3f >> more : 0x7f; more > 0; more--, (*at)++) {
        if ((**at & 0xc0) != 0x80) return 0;
        code = code << 6 | (**at & 0x3f);
    }
    return code;
}

/* Writes a character as the charset has it: how many bytes, or 0 where it has no such character. */
static int encode(const char *charset, uint32_t code, unsigned char *out) {
    const uint16_t *table = IS(charset, "macroman") ? MAC_ROMAN : WINDOWS_1252;
    uint32_t high = code < 0x10000 ? code : 0xd7c0 + (code >> 10), low = 0xdc00 | (code & 0x3ff);
    if (IS(charset, "utf16le")) {
        out[0] = high & 0xff, out[1] = high >> 8, out[2] = low & 0xff, out[3] = low >> 8;
        return code < 0x10000 ? 2 : 4;
    }
    out[0] = code & 0xff;
    if (code < (IS(charset, "latin1") ? 0x100 : 0x80)) return 1;
    if (table == WINDOWS_1252 && code >= 0xa0 && code < 0x100) return 1;
    for (int at = 0; at < (table == MAC_ROMAN ? 128 : 32) && !IS(charset, "latin1"); at++)
        if (table[at] == code) return out[0] = 0x80 + at, 1;
    return 0;
}

/* The name as Keypost cleans it (docs/names.md), in the charset: how many bytes, or -1 where that lacks a character. */
static int cleaned(const SerialProfile *p, const char *name, unsigned char *out) {
    const unsigned char *at = (const unsigned char *)name, *from;
    int length = 0, end = 0, started = 0, after_space = 0;
    while (from = at, *at) {
        uint32_t c = next_code(&at);
        if (c == 0 || length > MAX_NAME) return -1;
        /* What mails and web pages bring along unseen; the joiner 200D stays, since emoji need it. */
        if (c == 0xad || c == 0x61c || c == 0x180e || c == 0xfeff || (c >= 0x200b && c <= 0x200f && c != 0x200d) ||
            (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f && c != 0x2065) || c == 0xe0001 || (c >= 0xe0020 && c <= 0xe007f)) continue;
        int space = c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000;
        int edge = c == '\t' || c == '\r' || c == '\n' || (p->trim && space); /* dropped at both ends */
        if ((edge && !started) || (space && after_space && p->collapse)) continue;
        started = 1, after_space = space;
        if (space) c = ' ';
        int bytes = IS(p->charset, "utf8") && !space ? (int)(at - from) : encode(p->charset, c, out + length);
        if (bytes == 0) return -1;
        if (IS(p->charset, "utf8") && !space) memcpy(out + length, from, bytes);
        length += bytes;
        if (!edge) end = length;
    }
    return end;
}

/* Fills the last block up: the new length. */
static int padded(const char *padding, unsigned char *text, int length) {
    int missing = 16 - length % 16; /* 1 to 16 */
    if (IS(padding, "none") || ((IS(padding, "null") || IS(padding, "space")) && missing == 16)) return length;
    memset(text + length, IS(padding, "space") ? ' ' : IS(padding, "pkcs7") ? missing : 0, missing);
    if (IS(padding, "x923")) text[length + missing - 1] = missing;
    return length + missing;
}

static void unhex(const char *hex, unsigned char out[16]) {
    for (int at = 0; at < 16 && sscanf(hex + 2 * at, "%2hhx", out + at) == 1 && hex[2 * at + 2]; at++);
}

/* Sixteen bytes; a key of another length is filled up with zeros or cut, as `fit: 'null-pad-or-cut'` has it. */
static void key_bytes(const SerialProfile *p, unsigned char key[16]) {
    unsigned char bytes[64] = {0};
    int length = (int)strlen(p->key);
    if (IS(p->key_form, "hex")) unhex(p->key, bytes);
    else if (IS(p->key_form, "base64")) EVP_DecodeBlock(bytes, (const unsigned char *)p->key, length < 24 ? length : 24);
    else if (IS(p->key_form, "md5")) EVP_Digest(p->key, length, bytes, NULL, EVP_md5(), NULL);
    else memcpy(bytes, p->key, length < 16 ? length : 16);
    memcpy(key, bytes, 16);
}

/* Encrypts `text` where it stands: false where OpenSSL fails. */
static int encrypt(const SerialProfile *p, unsigned char *text, int length) {
    unsigned char key[16], before[16] = {0}, mask[16];
    int done, ok, ecb = IS(p->mode, "ecb"), step = IS(p->mode, "cfb8") ? 1 : 16;
    EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();
    key_bytes(p, key);
    ok = aes && EVP_EncryptInit_ex(aes, EVP_aes_128_ecb(), NULL, key, NULL) && EVP_CIPHER_CTX_set_padding(aes, 0);
    if (IS(p->iv, "key")) memcpy(before, key, 16);
    else if (IS(p->iv, "encrypted-zero")) ok = ok && EVP_EncryptUpdate(aes, before, &done, before, 16);
    else if (!IS(p->iv, "zero")) unhex(p->iv, before);
    for (int at = 0; ok && at < length; at += step) {
        int whole = step == 16 && length - at >= 16, part = whole ? 16 : step == 1 ? 1 : length - at;
        for (int i = 0; whole && !ecb && i < 16; i++) text[at + i] ^= before[i];
        ok = EVP_EncryptUpdate(aes, mask, &done, whole ? text + at : before, 16);
        /* CFB8 and the end of DCPcrypt's CBC: XORed with the encryption of the ciphertext before it */
        for (int i = 0; i < part; i++) text[at + i] = whole ? mask[i] : text[at + i] ^ mask[i];
        memmove(before, before + part, 16 - part);
        memcpy(before + 16 - part, text + at, part);
    }
    EVP_CIPHER_CTX_free(aes);
    return ok;
}

/* Without spaces, hyphens, separators; in capitals where small letters mean no more; Crockford's O, I and L read. */
static void plain(const SerialProfile *p, const char *text, char out[MAX_SERIAL + 1]) {
    const char *digits = digits_of(p->alphabet);
    int capitals = strncmp(p->alphabet, "base64", 6) != 0, length = 0;
    for (; *text && length < MAX_SERIAL; text++) {
        char c = capitals && *text >= 'a' && *text <= 'z' ? *text - 32 : *text;
        if (IS(p->alphabet, "crockford")) c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
        int dropped = c <= ' ' || c > '~' || c == '-' || c == '=' || strchr(p->separator, c) || strchr(p->separator, *text);
        if (strchr(digits, c) || !dropped) out[length++] = c;
    }
    out[length] = 0;
}

/* The serial without what stands between its groups; false where the charset lacks a character of the name. */
int serial_for(const SerialProfile *p, const char *name, char out[MAX_SERIAL + 1]) {
    unsigned char bytes[MAX_NAME + 32];
    char text[MAX_SERIAL + 1];
    const char *digits = digits_of(p->alphabet);
    int width = strlen(digits) == 16 ? 4 : strlen(digits) == 32 ? 5 : 6, start = (int)strlen(p->prefix), end = start;
    int length = cleaned(p, name, bytes);
    if (length < 0) return 0;
    length = padded(p->padding, bytes, length);
    if (!encrypt(p, bytes, length)) return 0;
    memcpy(text, p->prefix, start);
    /* Bits to digits, the highest first; the last digit is filled up with zero bits. */
    for (int bit = 0; bit < 8 * length && (p->cut == 0 || end - start < p->cut); bit += width) {
        int two = bytes[bit / 8] << 8 | (bit / 8 + 1 < length ? bytes[bit / 8 + 1] : 0);
        text[end++] = digits[two >> (16 - width - bit % 8) & ((1 << width) - 1)];
    }
    text[end] = 0;
    return plain(p, text, out), 1;
}

/* Whether `serial`, as the buyer typed it, is that of `name`. Nobody has an empty name. */
int serial_is_valid_for(const SerialProfile *p, const char *name, const char *serial) {
    unsigned char bytes[MAX_NAME + 32];
    char expected[MAX_SERIAL + 1], typed[MAX_SERIAL + 1];
    if (cleaned(p, name, bytes) < 1 || !serial_for(p, name, expected)) return 0;
    plain(p, serial, typed);
    return strlen(expected) == strlen(typed) && CRYPTO_memcmp(expected, typed, strlen(typed)) == 0;
}

int serial_is_valid(const char *name, const char *serial) { return serial_is_valid_for(&SERIAL_PROFILE, name, serial); }
