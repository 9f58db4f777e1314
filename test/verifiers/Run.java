import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** What docs/verifiers/SerialCheck.java says of each line of input: whether the serial is valid, and which one it makes. */
public final class Run {
    public static void main(String[] args) throws Exception {
        if (!new SerialCheck().isValid("Jane Q. Sample", "B05F5DA78463537B5F9A76CF01B76E01")) System.exit(2);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line; (line = input.readLine()) != null; ) {
            String[] field = Arrays.stream(line.split("\t", -1)).map(Run::textOf).toArray(String[]::new);
            SerialCheck check = new SerialCheck();
            check.key = field[0];
            check.keyForm = field[1];
            check.mode = field[2];
            check.iv = field[3];
            check.padding = field[4];
            check.charset = field[5];
            check.nameForm = field[6];
            check.trim = field[7].equals("1");
            check.collapse = field[8].equals("1");
            check.fold = field[9];
            check.alphabet = field[10];
            check.cut = Integer.parseInt(field[11]);
            check.separator = field[12];
            check.prefix = field[13];
            System.out.println((check.isValid(field[14], field[15]) ? 1 : 0) + "\t" + check.serialFor(field[14]));
        }
    }

    private static String textOf(String hex) {
        byte[] bytes = new BigInteger("01" + hex, 16).toByteArray();
        return new String(bytes, 1, bytes.length - 1, StandardCharsets.UTF_8);
    }
}
