using System;
using System.Linq;
using System.Text;

/// <summary>What docs/verifiers/SerialCheck.cs says of each line of input: whether the serial is valid, and which one it makes.</summary>
static class Run
{
    static int Main()
    {
        if (!new SerialCheck().IsValid("Jane Q. Sample", "B05F5DA78463537B5F9A76CF01B76E01")) return 2;
        for (string line; (line = Console.ReadLine()) != null;)
        {
            string[] field = line.Split('\t').Select(TextOf).ToArray();
            var check = new SerialCheck
            {
                Key = field[0], KeyForm = field[1], Mode = field[2], Iv = field[3], Padding = field[4], Charset = field[5],
                NameForm = field[6], Trim = field[7] == "1", Collapse = field[8] == "1", Fold = field[9], Alphabet = field[10],
                Cut = int.Parse(field[11]), Separator = field[12], Prefix = field[13],
            };
            Console.WriteLine((check.IsValid(field[14], field[15]) ? "1" : "0") + "\t" + check.SerialFor(field[14]));
        }
        return 0;
    }

    static string TextOf(string hex)
    {
        return Encoding.UTF8.GetString(Enumerable.Range(0, hex.Length / 2).Select(at => Convert.ToByte(hex.Substring(2 * at, 2), 16)).ToArray());
    }
}
