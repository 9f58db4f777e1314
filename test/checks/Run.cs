using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

static class Run {
  static void Main() {
    var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
    var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
    for (string line = input.ReadLine(); line != null; line = input.ReadLine()) {
      string[] cells = line.Split('\t');
      var keys = new Dictionary<int, string> { { int.Parse(cells[1]), cells[2] } };
      Licence found = Licence.Read(cells[3], keys, int.Parse(cells[0]));
      output.Write((found == null ? "-" : BitConverter.ToString(Encoding.UTF8.GetBytes(found.Name)).Replace("-", "").ToLower() + "|" + found.Seats + "|" + found.Id) + "\n");
    }
    output.Flush();
  }
}
