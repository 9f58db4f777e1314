#include "../../docs/checks/licence_check.c"
#include <stdio.h>

int main(void) {
  static char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    uint8_t key[32];
    const uint8_t *keys[16] = {0};
    char *product = strtok(line, "\t"), *number = strtok(NULL, "\t"), *hex = strtok(NULL, "\t"), *text = strtok(NULL, "\n");
    for (int i = 0; i < 32; i++) {
      unsigned byte;
      sscanf(hex + 2 * i, "%2x", &byte);
      key[i] = (uint8_t)byte;
    }
    int at = 0, code = 0;
    sscanf(number, "%d", &at);
    sscanf(product, "%d", &code);
    keys[at] = key;
    licence found;
    if (text && read_licence(text, keys, code, &found)) {
      for (const char *c = found.name; *c; c++) printf("%02x", (uint8_t)*c);
      printf("|%d|", found.seats);
      for (int i = 0; i < 8; i++) printf("%02x", found.id[i]);
      printf("\n");
    } else
      printf("-\n");
  }
  return 0;
}
