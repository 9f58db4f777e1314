/* Checks a Keypost licence, offline. Link with libcrypto of OpenSSL 1.1.1 or later.
 * Copy this file into your app, and pass it your public keys (`keypost keys public`) and product number. */
#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LICENCE_MOST 512 /* bytes of the longest licence */

typedef struct {
  char name[LICENCE_MOST]; /* UTF-8 */
  int issued;              /* days since 2020-01-01 */
  int updates_until;       /* the same; 0: for ever */
  int seats;
  uint8_t id[8]; /* what a list of revoked licences names */
} licence;

static int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* base64url without padding. Returns the number of bytes, or -1. Each licence has one text only, so the bits that are
 * left over must be zero. */
static int decode(const char *text, uint8_t *out) {
  size_t length = strlen(text);
  int count = 0, bits = 0;
  uint32_t buffer = 0;
  if (length % 4 == 1 || length > LICENCE_MOST) return -1;
  for (size_t i = 0; i < length; i++) {
    int value = value_of(text[i]);
    if (value < 0) return -1;
    buffer = (buffer << 6 | (uint32_t)value) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[count++] = (uint8_t)(buffer >> bits);
    }
  }
  return (buffer & ((1u << bits) - 1)) == 0 ? count : -1;
}

static int is_signed(const uint8_t *payload, size_t length, const uint8_t key[32]) {
  static const char domain[] = "keypost/licence/v1"; /* with its zero byte */
  uint8_t message[sizeof domain + LICENCE_MOST];
  memcpy(message, domain, sizeof domain);
  memcpy(message + sizeof domain, payload, length);
  EVP_PKEY *public_key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, 32);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int ok = public_key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, public_key) == 1 &&
           EVP_DigestVerify(context, payload + length, 64, message, sizeof domain + length) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(public_key);
  return ok;
}

/* `keys[number]` is the public key of that number, or NULL. Returns 1 if the text is a valid licence for the product. */
int read_licence(const char *text, const uint8_t *const keys[16], int product, licence *result) {
  uint8_t bytes[LICENCE_MOST];
  if (strncmp(text, "KP1-", 4) != 0) return 0;
  int count = decode(text + 4, bytes);
  if (count < 17 + 64) return 0;
  size_t length = (size_t)count - 64;
  const uint8_t *key = keys[bytes[0] & 15];
  if (bytes[0] >> 4 != 1 || (bytes[1] << 8 | bytes[2]) != product || key == NULL) return 0;
  if (!is_signed(bytes, length, key)) return 0;
  memcpy(result->name, bytes + 16, length - 16);
  result->name[length - 16] = 0;
  result->issued = bytes[3] << 8 | bytes[4];
  result->updates_until = bytes[5] << 8 | bytes[6];
  result->seats = bytes[7];
  memcpy(result->id, bytes + 8, 8);
  return 1;
}
