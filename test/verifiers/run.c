/* What docs/verifiers/serial_check.c says of each line of input: whether the serial is valid, and which one it makes. */
#include "../../docs/verifiers/serial_check.c"
#include <stdlib.h>

enum { FIELDS = 16, MAX_LINE = 65536 };

/* Hex to text, where it stands. */
static char *text_of(char *hex) {
    size_t length = strlen(hex) / 2;
    for (size_t at = 0; at < length; at++) {
        char pair[3] = {hex[2 * at], hex[2 * at + 1], 0};
        hex[at] = (char)strtol(pair, NULL, 16);
    }
    hex[length] = 0;
    return hex;
}

int main(void) {
    static char line[MAX_LINE], made[MAX_SERIAL + 1];
    if (!serial_is_valid("Jane Q. Sample", "B05F5DA78463537B5F9A76CF01B76E01")) return 2;
    while (fgets(line, sizeof line, stdin)) {
        char *field[FIELDS], *at = line;
        line[strcspn(line, "\n")] = 0;
        for (int i = 0; i < FIELDS; i++) {
            char *end = at + strcspn(at, "\t"), last = *end;
            *end = 0;
            field[i] = text_of(at);
            at = last ? end + 1 : end;
        }
        SerialProfile profile = {
            .key = field[0], .key_form = field[1], .mode = field[2], .iv = field[3], .padding = field[4], .charset = field[5],
            .trim = IS(field[7], "1"), .collapse = IS(field[8], "1"), .alphabet = field[10], .cut = atoi(field[11]),
            .separator = field[12], .prefix = field[13],
        };
        int valid = serial_is_valid_for(&profile, field[14], field[15]);
        if (!serial_for(&profile, field[14], made)) return 1;
        printf("%d\t%s\n", valid, made);
    }
    return 0;
}
