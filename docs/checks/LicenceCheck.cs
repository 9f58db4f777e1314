// Checks a Keypost licence, offline, for .NET and Mono, which have no Ed25519 of their own: this file has it (RFC 8032).
// Copy the file into your app, and write your public keys (`keypost keys public`) and product number into the call.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

public sealed class Licence {
  public string Name;
  public DateTime Issued;
  public DateTime? UpdatesUntil; // null: for ever
  public int Seats;
  public string Id; // in hex; what a list of revoked licences names

  /// Returns the licence, or null if the text is not a valid licence for the product. The keys are in hex, by number.
  public static Licence Read(string text, IDictionary<int, string> keys, int product) {
    if (!text.StartsWith("KP1-", StringComparison.Ordinal)) return null;
    string digits = text.Substring(4);
    byte[] bytes;
    try {
      bytes = Convert.FromBase64String(digits.Replace('-', '+').Replace('_', '/') + new string('=', (4 - digits.Length % 4) % 4));
    } catch (FormatException) {
      return null;
    }
    // Each licence has one text only: refuse other spellings of the same bytes.
    string canonical = Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    if (canonical != digits || bytes.Length < 17 + 64) return null;
    byte[] payload = bytes.Take(bytes.Length - 64).ToArray(), signature = bytes.Skip(bytes.Length - 64).ToArray();
    string key;
    if (payload[0] >> 4 != 1 || Number(payload, 1) != product || !keys.TryGetValue(payload[0] & 15, out key)) return null;
    byte[] message = Encoding.ASCII.GetBytes("keypost/licence/v1\0").Concat(payload).ToArray();
    if (!Ed25519.Verify(FromHex(key), message, signature)) return null;
    var epoch = new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    int updates = Number(payload, 5);
    return new Licence {
      Name = Encoding.UTF8.GetString(payload, 16, payload.Length - 16),
      Issued = epoch.AddDays(Number(payload, 3)),
      UpdatesUntil = updates == 0 ? (DateTime?)null : epoch.AddDays(updates),
      Seats = payload[7],
      Id = string.Concat(payload.Skip(8).Take(8).Select(b => b.ToString("x2"))),
    };
  }

  static int Number(byte[] bytes, int at) { return bytes[at] << 8 | bytes[at + 1]; }

  static byte[] FromHex(string hex) {
    return Enumerable.Range(0, hex.Length / 2).Select(i => Convert.ToByte(hex.Substring(2 * i, 2), 16)).ToArray();
  }
}

/// Verifies signatures only, so nothing here is secret and no operation needs constant time.
static class Ed25519 {
  static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;
  static readonly BigInteger Order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493");
  static readonly BigInteger D = Mod(-121665 * Inverse(121666));
  static readonly BigInteger RootOfMinusOne = BigInteger.ModPow(2, (P - 1) / 4, P);
  static readonly Point Base = FromY(Mod(4 * Inverse(5)), false);

  /// x = X/Z, y = Y/Z, xy = T/Z (RFC 8032, 5.1.4).
  sealed class Point { public BigInteger X, Y, Z, T; }

  public static bool Verify(byte[] publicKey, byte[] message, byte[] signature) {
    Point a = Decode(publicKey), r = Decode(signature.Take(32).ToArray());
    BigInteger s = Little(signature.Skip(32));
    if (a == null || r == null || s >= Order) return false;
    byte[] hash;
    using (var sha = SHA512.Create()) hash = sha.ComputeHash(signature.Take(32).Concat(publicKey).Concat(message).ToArray());
    BigInteger k = Little(hash) % Order;
    Point left = Multiply(s, Base), right = Add(r, Multiply(k, a));
    return Mod(left.X * right.Z - right.X * left.Z) == 0 && Mod(left.Y * right.Z - right.Y * left.Z) == 0;
  }

  static Point Decode(byte[] bytes) {
    BigInteger y = Little(bytes), sign = y >> 255;
    y -= sign << 255;
    return y >= P ? null : FromY(y, sign == 1);
  }

  static Point FromY(BigInteger y, bool isOdd) {
    BigInteger x2 = Mod((y * y - 1) * Inverse(D * y * y + 1));
    BigInteger x = BigInteger.ModPow(x2, (P + 3) / 8, P);
    if (Mod(x * x - x2) != 0) x = Mod(x * RootOfMinusOne);
    if (Mod(x * x - x2) != 0 || (x == 0 && isOdd)) return null;
    if (x.IsEven == isOdd) x = P - x;
    return new Point { X = x, Y = y, Z = 1, T = Mod(x * y) };
  }

  static Point Add(Point p, Point q) {
    BigInteger a = Mod((p.Y - p.X) * (q.Y - q.X)), b = Mod((p.Y + p.X) * (q.Y + q.X));
    BigInteger c = Mod(2 * p.T * q.T * D), d = Mod(2 * p.Z * q.Z);
    BigInteger e = b - a, f = d - c, g = d + c, h = b + a;
    return new Point { X = Mod(e * f), Y = Mod(g * h), T = Mod(e * h), Z = Mod(f * g) };
  }

  static Point Multiply(BigInteger factor, Point p) {
    var sum = new Point { X = 0, Y = 1, Z = 1, T = 0 };
    for (; factor > 0; factor >>= 1, p = Add(p, p)) if (!factor.IsEven) sum = Add(sum, p);
    return sum;
  }

  static BigInteger Little(IEnumerable<byte> bytes) { return new BigInteger(bytes.Concat(new byte[] { 0 }).ToArray()); }
  static BigInteger Mod(BigInteger n) { n %= P; return n.Sign < 0 ? n + P : n; }
  static BigInteger Inverse(BigInteger n) { return BigInteger.ModPow(Mod(n), P - 2, P); }
}
