using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

/// <summary>
/// Tells whether a serial that Keypost made belongs to a name. Copy this file into your app and write your product's
/// `serial` from keypost.config.ts and its key below. It needs .NET or .NET Framework 4.6 and later, and no package.
/// Run by our tests where Mono is installed, and not under .NET itself.
///
/// AES here keeps honest people honest, and no more: the key is in the app, and whoever takes it out can write a serial
/// for any name. So the name is encrypted and the whole compared; an app that decrypts a serial instead, and looks whether
/// a name comes out, accepts what was put together from parts of others. More in Keypost's docs/serials.md.
/// </summary>
public sealed class SerialCheck
{
    public string Key = "1234567890123456";
    public string KeyForm = "ascii"; // ascii, hex, base64 or md5
    public string Mode = "ecb"; // ecb, cbc, cfb8 or cbc-dcpcrypt
    public string Iv = "zero"; // zero, key, encrypted-zero, or 32 hex digits; ECB has none
    public string Padding = "pkcs7"; // pkcs7, null, space, x923 or none
    public string Charset = "utf8"; // utf8, windows-1252, macroman, latin1 or utf16le
    public string NameForm = "nfc"; // nfc, nfd or as-is
    public bool Trim = true;
    public bool Collapse = true;
    public string Fold = "none"; // none, upper or lower
    public string Alphabet = "HEX"; // hex, HEX, base64, base64url, base32 or crockford
    public int Cut = 0; // how many characters are kept; 0: all
    public string Separator = "-";
    public string Prefix = "";

    // Written out: not every .NET has these charsets, and Mono's MacRoman has no euro.
    static readonly string Latin1 = new string(Enumerable.Range(128, 128).Select(code => (char)code).ToArray());
    static readonly Dictionary<string, string> UpperHalves = new Dictionary<string, string>
    {
        ["latin1"] = Latin1,
        ["windows-1252"] = "€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ" + Latin1.Substring(32),
        ["macroman"] = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø"
            + "¿¡¬√ƒ≈∆«»…\u00a0ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ",
    };
    const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static readonly Dictionary<string, string> Alphabets = new Dictionary<string, string>
    {
        ["hex"] = "0123456789ABCDEF", // in capitals, as all that is typed will be
        ["HEX"] = "0123456789ABCDEF",
        ["base64"] = Letters + Letters.ToLowerInvariant() + "0123456789+/",
        ["base64url"] = Letters + Letters.ToLowerInvariant() + "0123456789-_",
        ["base32"] = Letters + "234567",
        ["crockford"] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", // https://www.crockford.com/base32.html
    };

    /// <summary>Whether the serial, as the buyer typed it, is that of the name. Nobody has an empty name.</summary>
    public bool IsValid(string name, string serial)
    {
        try
        {
            string expected = SerialFor(name), typed = Plain(serial);
            if (Cleaned(name) == "" || expected.Length != typed.Length) return false;
            return expected.Zip(typed, (a, b) => a ^ b).Aggregate(0, (sum, difference) => sum | difference) == 0;
        }
        catch (ArgumentException) // the charset lacks a character, or half of one stands there: no such serial was made
        {
            return false;
        }
    }

    /// <summary>The serial without what stands between its groups.</summary>
    public string SerialFor(string name)
    {
        string digits = Spelled(Encrypted(Padded(Encoded(Cleaned(name)))));
        return Plain(Prefix + (Cut > 0 && Cut < digits.Length ? digits.Substring(0, Cut) : digits));
    }

    /// <summary>The name as Keypost cleans it before it encrypts it; see docs/names.md.</summary>
    string Cleaned(string name)
    {
        string text = Normal(name);
        if (Fold != "none" && NameForm != "as-is") text = text.Normalize(NormalizationForm.FormD); // .NET folds letter by letter
        if (Fold == "upper") text = text.Replace("ß", "SS").ToUpperInvariant();
        if (Fold == "lower") text = text.ToLowerInvariant();
        text = Regex.Replace(text, @"\p{Zs}", " ");
        text = Regex.Replace(text, @"[\p{Cf}-[\u200d]]", ""); // the joiner stays: emoji need it
        if (Collapse) text = Regex.Replace(text, " {2,}", " ");
        return Normal(text.Trim((Trim ? "\t\r\n " : "\t\r\n").ToCharArray()));
    }

    string Normal(string text)
    {
        return NameForm == "as-is" ? text : text.Normalize(NameForm == "nfd" ? NormalizationForm.FormD : NormalizationForm.FormC);
    }

    byte[] Encoded(string text)
    {
        if (Charset == "utf8") return new UTF8Encoding(false, true).GetBytes(text);
        if (Charset == "utf16le") return new UnicodeEncoding(false, false, true).GetBytes(text);
        if (text.Any(one => one > 0x7f && UpperHalves[Charset].IndexOf(one) < 0)) throw new ArgumentException("not in " + Charset);
        return text.Select(one => (byte)(one < 0x80 ? one : 0x80 + UpperHalves[Charset].IndexOf(one))).ToArray();
    }

    /// <summary>Sixteen bytes; another length is filled up with zeros or cut, as `fit: 'null-pad-or-cut'` has it.</summary>
    byte[] KeyBytes()
    {
        byte[] bytes = Encoding.ASCII.GetBytes(Key);
        if (KeyForm == "hex") bytes = Unhex(Key);
        if (KeyForm == "base64") bytes = Convert.FromBase64String(Key);
        if (KeyForm == "md5") using (var md5 = MD5.Create()) bytes = md5.ComputeHash(bytes);
        return bytes.Concat(new byte[16]).Take(16).ToArray();
    }

    static byte[] Unhex(string hex)
    {
        return Enumerable.Range(0, hex.Length / 2).Select(at => Convert.ToByte(hex.Substring(2 * at, 2), 16)).ToArray();
    }

    byte[] Padded(byte[] name)
    {
        int missing = 16 - name.Length % 16; // 1 to 16
        bool onlyFills = Padding == "null" || Padding == "space"; // and adds nothing to whole blocks
        if (Padding == "none" || (onlyFills && missing == 16)) return name;
        var fill = Enumerable.Repeat((byte)(Padding == "space" ? ' ' : Padding == "pkcs7" ? missing : 0), missing).ToArray();
        if (Padding == "x923") fill[missing - 1] = (byte)missing;
        return name.Concat(fill).ToArray();
    }

    byte[] Encrypted(byte[] text)
    {
        using (var aes = Aes.Create())
        {
            aes.Mode = CipherMode.ECB; // block by block, since not every .NET has CFB8
            aes.Padding = PaddingMode.None;
            byte[] key = KeyBytes();
            var cipher = aes.CreateEncryptor(key, null);
            Func<byte[], byte[]> block = bytes => cipher.TransformFinalBlock(bytes, 0, 16);
            Func<byte[], byte[], byte[]> xor = (a, b) => a.Zip(b, (x, y) => (byte)(x ^ y)).ToArray();
            byte[] before = Mode == "ecb" || Iv == "zero" ? new byte[16]
                : Iv == "key" ? key
                : Iv == "encrypted-zero" ? block(new byte[16]) : Unhex(Iv);
            var done = new List<byte>();
            int step = Mode == "cfb8" ? 1 : 16;
            for (int at = 0; at < text.Length; at += step)
            {
                byte[] part = text.Skip(at).Take(step).ToArray();
                // CFB8, and the end of DCPcrypt's CBC, are XORed with the encryption of the ciphertext before them.
                byte[] next = part.Length < 16 ? xor(part, block(before)) : block(Mode == "ecb" ? part : xor(part, before));
                before = before.Concat(next).Skip(next.Length).ToArray();
                done.AddRange(next);
            }
            return done.ToArray();
        }
    }

    /// <summary>Bits to digits, the highest first; the last digit is filled up with zero bits.</summary>
    string Spelled(byte[] bytes)
    {
        string digits = Alphabets[Alphabet];
        int width = digits.Length == 16 ? 4 : digits.Length == 32 ? 5 : 6;
        string bits = string.Concat(bytes.Select(one => Convert.ToString(one, 2).PadLeft(8, '0')));
        return string.Concat(Enumerable.Range(0, (bits.Length + width - 1) / width).Select(at =>
            digits[Convert.ToInt32(bits.Substring(at * width, Math.Min(width, bits.Length - at * width)).PadRight(width, '0'), 2)]));
    }

    /// <summary>Without spaces, hyphens, separators; in capitals where small letters mean no more; Crockford's O, I, L read.</summary>
    string Plain(string text)
    {
        string digits = Alphabets[Alphabet], typed = Folded(text), dropped = Folded("-=" + Separator);
        if (Alphabet == "crockford") typed = typed.Replace('O', '0').Replace('I', '1').Replace('L', '1');
        return string.Concat(typed.Where(one => digits.IndexOf(one) >= 0 || (one >= '!' && one <= '~' && dropped.IndexOf(one) < 0)));
    }

    string Folded(string text)
    {
        return Alphabet.StartsWith("base64", StringComparison.Ordinal) ? text : text.ToUpperInvariant();
    }
}
