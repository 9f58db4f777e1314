// Checks a Keypost licence, offline, with CryptoKit (macOS 10.15, iOS 13). Not run by us: test it with vectors.json.
// Copy this file into your app, and write your public keys (`keypost keys public`) and product number into the call.
import CryptoKit
import Foundation

struct Licence {
  let name: String
  let issued: Date
  let updatesUntil: Date?  // nil: for ever
  let seats: Int
  let id: String  // in hex; what a list of revoked licences names

  /// Fails if the text is not a valid licence for the product. `keys`: the public keys, 32 bytes each, by number.
  init?(_ text: String, keys: [Int: Data], product: Int) {
    guard text.hasPrefix("KP1-") else { return nil }
    let digits = String(text.dropFirst(4))
    var base64 = digits.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
    guard let data = Data(base64Encoded: base64) else { return nil }
    // Each licence has one text only: refuse other spellings of the same bytes.
    let canonical = data.base64EncodedString().replacingOccurrences(of: "+", with: "-")
      .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    guard canonical == digits, data.count >= 17 + 64 else { return nil }
    let payload = [UInt8](data.dropLast(64))
    func number(_ at: Int) -> Int { Int(payload[at]) << 8 | Int(payload[at + 1]) }
    guard payload[0] >> 4 == 1, number(1) == product, let raw = keys[Int(payload[0] & 15)],
      let key = try? Curve25519.Signing.PublicKey(rawRepresentation: raw),
      key.isValidSignature(data.suffix(64), for: Data("keypost/licence/v1\0".utf8) + payload),
      let name = String(bytes: payload[16...], encoding: .utf8)
    else { return nil }
    func day(_ days: Int) -> Date { Date(timeIntervalSince1970: Double(18262 + days) * 86400) }
    self.name = name
    issued = day(number(3))
    updatesUntil = number(5) == 0 ? nil : day(number(5))
    seats = Int(payload[7])
    id = payload[8..<16].map { String(format: "%02x", $0) }.joined()
  }
}
