import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Tells whether a serial that Keypost made belongs to a name. Copy this file into your app and write your product's
 * {@code serial} from keypost.config.ts and its key below. It needs Java 11 or later and no library; MacRoman stands in
 * the module jdk.charsets, which a runtime image has to include.
 *
 * <p>AES here keeps honest people honest, and no more: the key is in the app, and whoever takes it out can write a serial
 * for any name. So the name is encrypted and the whole compared; an app that decrypts a serial instead, and looks whether
 * a name comes out, accepts what was put together from parts of others. More in Keypost's docs/serials.md.
 */
public final class SerialCheck {
    String key = "1234567890123456";
    String keyForm = "ascii"; // ascii, hex, base64 or md5
    String mode = "ecb"; // ecb, cbc, cfb8 or cbc-dcpcrypt
    String iv = "zero"; // zero, key, encrypted-zero, or 32 hex digits; ECB has none
    String padding = "pkcs7"; // pkcs7, null, space, x923 or none
    String charset = "utf8"; // utf8, windows-1252, macroman, latin1 or utf16le
    String nameForm = "nfc"; // nfc, nfd or as-is
    boolean trim = true;
    boolean collapse = true;
    String fold = "none"; // none, upper or lower
    String alphabet = "HEX"; // hex, HEX, base64, base64url, base32 or crockford
    int cut = 0; // how many characters are kept; 0: all
    String separator = "-";
    String prefix = "";

    private static final Map<String, String> CHARSETS = Map.of("utf8", "UTF-8", "windows-1252", "windows-1252",
            "macroman", "x-MacRoman", "latin1", "ISO-8859-1", "utf16le", "UTF-16LE");
    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private static final Map<String, String> ALPHABETS = Map.of(
            "hex", "0123456789ABCDEF", // in capitals, as all that is typed will be
            "HEX", "0123456789ABCDEF",
            "base64", LETTERS + LETTERS.toLowerCase(Locale.ROOT) + "0123456789+/",
            "base64url", LETTERS + LETTERS.toLowerCase(Locale.ROOT) + "0123456789-_",
            "base32", LETTERS + "234567",
            "crockford", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"); // https://www.crockford.com/base32.html

    /** Whether {@code serial}, as the buyer typed it, is that of {@code name}. Nobody has an empty name. */
    public boolean isValid(String name, String serial) throws GeneralSecurityException {
        try {
            byte[] expected = serialFor(name).getBytes(StandardCharsets.US_ASCII);
            byte[] typed = plain(serial).getBytes(StandardCharsets.US_ASCII);
            return !cleaned(name).isEmpty() && MessageDigest.isEqual(expected, typed);
        } catch (CharacterCodingException noSuchCharacter) { // then no serial was made for the name
            return false;
        }
    }

    /** The serial without what stands between its groups. */
    String serialFor(String name) throws GeneralSecurityException, CharacterCodingException {
        ByteBuffer bytes = Charset.forName(CHARSETS.get(charset)).newEncoder().encode(CharBuffer.wrap(cleaned(name)));
        String digits = spelled(encrypted(padded(Arrays.copyOf(bytes.array(), bytes.limit()))));
        return plain(prefix + (cut > 0 && cut < digits.length() ? digits.substring(0, cut) : digits));
    }

    /** The name as Keypost cleans it before it encrypts it; see docs/names.md. */
    private String cleaned(String name) {
        String text = normal(name);
        if (fold.equals("upper")) text = text.toUpperCase(Locale.ROOT);
        if (fold.equals("lower")) text = text.toLowerCase(Locale.ROOT);
        text = text.replaceAll("\\p{Zs}", " ").replaceAll("[\\p{Cf}&&[^\u200d]]", ""); // the joiner stays: emoji need it
        if (collapse) text = text.replaceAll(" {2,}", " ");
        String edge = trim ? "[\\t\\r\\n ]+" : "[\\t\\r\\n]+";
        return normal(text.replaceAll("\\A" + edge + "|" + edge + "\\z", ""));
    }

    private String normal(String text) {
        return nameForm.equals("as-is") ? text : Normalizer.normalize(text, Normalizer.Form.valueOf(nameForm.toUpperCase(Locale.ROOT)));
    }

    /** Sixteen bytes; a key of another length is filled up with zeros or cut, as {@code fit: 'null-pad-or-cut'} has it. */
    private byte[] keyBytes() throws GeneralSecurityException {
        byte[] ascii = key.getBytes(StandardCharsets.US_ASCII);
        byte[] bytes = keyForm.equals("hex") ? unhex(key)
                : keyForm.equals("base64") ? Base64.getDecoder().decode(key)
                : keyForm.equals("md5") ? MessageDigest.getInstance("MD5").digest(ascii) : ascii;
        return Arrays.copyOf(bytes, 16);
    }

    private static byte[] unhex(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int at = 0; at < bytes.length; at++) bytes[at] = (byte) Integer.parseInt(hex.substring(2 * at, 2 * at + 2), 16);
        return bytes;
    }

    private byte[] padded(byte[] name) {
        int missing = 16 - name.length % 16; // 1 to 16
        boolean onlyFills = padding.equals("null") || padding.equals("space"); // and adds nothing to whole blocks
        if (padding.equals("none") || (onlyFills && missing == 16)) return name;
        byte[] text = Arrays.copyOf(name, name.length + missing);
        if (padding.equals("space")) Arrays.fill(text, name.length, text.length, (byte) ' ');
        if (padding.equals("pkcs7")) Arrays.fill(text, name.length, text.length, (byte) missing);
        if (padding.equals("x923")) text[text.length - 1] = (byte) missing;
        return text;
    }

    private byte[] encrypted(byte[] text) throws GeneralSecurityException {
        byte[] zeros = new byte[16];
        if (mode.equals("ecb")) return aes("ECB", null, text);
        byte[] start = iv.equals("zero") ? zeros
                : iv.equals("key") ? keyBytes()
                : iv.equals("encrypted-zero") ? aes("ECB", null, zeros) : unhex(iv);
        if (!mode.equals("cbc-dcpcrypt")) return aes(mode.toUpperCase(Locale.ROOT), start, text);
        // Delphi's DCPcrypt: CBC, and what is left over is XORed with the encryption of the block before it
        int whole = text.length - text.length % 16;
        byte[] blocks = aes("CBC", start, Arrays.copyOf(text, whole));
        byte[] mask = aes("ECB", null, whole > 0 ? Arrays.copyOfRange(blocks, whole - 16, whole) : start);
        byte[] out = Arrays.copyOf(blocks, text.length);
        for (int at = whole; at < text.length; at++) out[at] = (byte) (text[at] ^ mask[at - whole]);
        return out;
    }

    private byte[] aes(String mode, byte[] start, byte[] text) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/" + mode + "/NoPadding");
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(keyBytes(), "AES"), start == null ? null : new IvParameterSpec(start));
        return cipher.doFinal(text);
    }

    /** Bits to digits, the highest first; the last digit is filled up with zero bits. */
    private String spelled(byte[] bytes) {
        String digits = ALPHABETS.get(alphabet);
        int width = Integer.numberOfTrailingZeros(digits.length());
        int length = (8 * bytes.length + width - 1) / width;
        BigInteger bits = new BigInteger(1, bytes).shiftLeft(length * width - 8 * bytes.length);
        StringBuilder text = new StringBuilder();
        for (int at = length - 1; at >= 0; at--) text.append(digits.charAt(bits.shiftRight(at * width).intValue() & (digits.length() - 1)));
        return text.toString();
    }

    /** Without spaces, hyphens, separators; in capitals where small letters mean no more; Crockford's O, I and L read. */
    private String plain(String text) {
        String digits = ALPHABETS.get(alphabet);
        String typed = folded(text), dropped = folded("-=" + separator);
        if (alphabet.equals("crockford")) typed = typed.replace('O', '0').replace('I', '1').replace('L', '1');
        StringBuilder kept = new StringBuilder();
        for (char one : typed.toCharArray())
            if (digits.indexOf(one) >= 0 || (one >= '!' && one <= '~' && dropped.indexOf(one) < 0)) kept.append(one);
        return kept.toString();
    }

    private String folded(String text) {
        return alphabet.startsWith("base64") ? text : text.toUpperCase(Locale.ROOT);
    }
}
