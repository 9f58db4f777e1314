import CommonCrypto
import Foundation

/// Tells whether a serial that Keypost made belongs to a name. Copy this file into your app and write your product's
/// `serial` from keypost.config.ts and its key below. It needs a system of Apple's, and no package.
/// Not run by us: we have no Mac. Try it with vectors.json before you ship it.
///
/// AES here keeps honest people honest, and no more: the key is in the app, and whoever takes it out can write a serial
/// for any name. So the name is encrypted and the whole compared; an app that decrypts a serial instead, and looks whether
/// a name comes out, accepts what was put together from parts of others. More in Keypost's docs/serials.md.
struct SerialCheck {
    var key = "1234567890123456"
    var keyForm = "ascii"  // ascii, hex, base64 or md5
    var mode = "ecb"  // ecb, cbc, cfb8 or cbc-dcpcrypt
    var iv = "zero"  // zero, key, encrypted-zero, or 32 hex digits; ECB has none
    var padding = "pkcs7"  // pkcs7, null, space, x923 or none
    var charset = "utf8"  // utf8, windows-1252, macroman, latin1 or utf16le
    var nameForm = "nfc"  // nfc, nfd or as-is
    var trim = true
    var collapse = true
    var fold = "none"  // none, upper or lower
    var alphabet = "HEX"  // hex, HEX, base64, base64url, base32 or crockford
    var cut: Int? = nil  // how many characters are kept; nil: all
    var separator = "-"
    var prefix = ""

    private static let charsets: [String: String.Encoding] = [
        "utf8": .utf8, "windows-1252": .windowsCP1252, "macroman": .macOSRoman, "latin1": .isoLatin1, "utf16le": .utf16LittleEndian,
    ]
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    private static let alphabets = [
        "hex": "0123456789ABCDEF",  // in capitals, as all that is typed will be
        "HEX": "0123456789ABCDEF",
        "base64": letters + letters.lowercased() + "0123456789+/",
        "base64url": letters + letters.lowercased() + "0123456789-_",
        "base32": letters + "234567",
        "crockford": "0123456789ABCDEFGHJKMNPQRSTVWXYZ",  // https://www.crockford.com/base32.html
    ]

    /// Whether `serial`, as the buyer typed it, is that of `name`. Nobody has an empty name.
    func isValid(name: String, serial: String) -> Bool {
        guard !cleaned(name).isEmpty, let expected = serialFor(name: name) else { return false }
        let ours = Array(expected.utf8)
        let typed = Array(plain(serial).utf8)
        return ours.count == typed.count && zip(ours, typed).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// The serial without what stands between its groups, or nil where the charset lacks a character of the name.
    func serialFor(name: String) -> String? {
        guard let encoding = Self.charsets[charset], let bytes = cleaned(name).data(using: encoding) else { return nil }
        let digits = spelled(encrypted(padded([UInt8](bytes))))
        return plain(prefix + String(digits.prefix(cut ?? digits.count)))
    }

    /// The name as Keypost cleans it before it encrypts it; see docs/names.md.
    private func cleaned(_ name: String) -> String {
        var text = normal(name)
        if fold == "upper" { text = text.uppercased() }
        if fold == "lower" { text = text.lowercased() }
        var kept: [Unicode.Scalar] = []
        for scalar in text.unicodeScalars {
            let isSpace = scalar.properties.generalCategory == .spaceSeparator
            if scalar.properties.generalCategory == .format && scalar != "\u{200D}" { continue }  // the joiner stays: emoji need it
            if isSpace && collapse && kept.last == " " { continue }
            kept.append(isSpace ? " " : scalar)
        }
        let edge: Set<Unicode.Scalar> = trim ? ["\t", "\r", "\n", " "] : ["\t", "\r", "\n"]
        while let last = kept.last, edge.contains(last) { kept.removeLast() }
        var whole = String.UnicodeScalarView()
        whole.append(contentsOf: kept.drop { edge.contains($0) })
        return normal(String(whole))
    }

    private func normal(_ text: String) -> String {
        switch nameForm {
        case "nfd": return text.decomposedStringWithCanonicalMapping
        case "nfc": return text.precomposedStringWithCanonicalMapping
        default: return text
        }
    }

    /// Sixteen bytes; a key of another length is filled up with zeros or cut, as `fit: 'null-pad-or-cut'` has it.
    private func keyBytes() -> [UInt8] {
        var bytes = Array(key.utf8)
        if keyForm == "hex" { bytes = unhex(key) }
        if keyForm == "base64" { bytes = [UInt8](Data(base64Encoded: key) ?? Data()) }
        if keyForm == "md5" {
            let text = bytes
            bytes = [UInt8](repeating: 0, count: 16)
            CC_MD5(text, CC_LONG(text.count), &bytes)
        }
        return Array((bytes + [UInt8](repeating: 0, count: 16)).prefix(16))
    }

    private func unhex(_ hex: String) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(16 * digits[$0] + digits[$0 + 1]) }
    }

    private func padded(_ name: [UInt8]) -> [UInt8] {
        let missing = 16 - name.count % 16  // 1 to 16
        switch padding {
        case "null": return name + [UInt8](repeating: 0, count: missing % 16)  // nothing is added to whole blocks
        case "space": return name + [UInt8](repeating: 0x20, count: missing % 16)
        case "pkcs7": return name + [UInt8](repeating: UInt8(missing), count: missing)
        case "x923": return name + [UInt8](repeating: 0, count: missing - 1) + [UInt8(missing)]
        default: return name
        }
    }

    private func encrypted(_ text: [UInt8]) -> [UInt8] {
        let key = keyBytes()
        let zeros = [UInt8](repeating: 0, count: 16)
        var before = zeros
        switch iv {
        case "zero": break
        case "key": before = key
        case "encrypted-zero": before = encryptedBlock(zeros, key)
        default: before = unhex(iv)
        }
        var done: [UInt8] = []
        let step = mode == "cfb8" ? 1 : 16
        for at in stride(from: 0, to: text.count, by: step) {
            let part = Array(text[at..<min(at + step, text.count)])
            // CFB8, and the end of DCPcrypt's CBC, are XORed with the encryption of the ciphertext before them.
            let next = part.count < 16 ? xor(part, encryptedBlock(before, key)) : encryptedBlock(mode == "ecb" ? part : xor(part, before), key)
            before = Array((before + next).suffix(16))
            done += next
        }
        return done
    }

    private func encryptedBlock(_ block: [UInt8], _ key: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 16)
        var moved = 0
        let status = CCCrypt(
            CCOperation(kCCEncrypt), CCAlgorithm(kCCAlgorithmAES), CCOptions(kCCOptionECBMode), key, 16, nil, block, 16, &out, 16, &moved)
        precondition(status == CCCryptorStatus(kCCSuccess) && moved == 16)
        return out
    }

    private func xor(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] { zip(a, b).map { $0 ^ $1 } }

    /// Bits to digits, the highest first; the last digit is filled up with zero bits.
    private func spelled(_ bytes: [UInt8]) -> String {
        let digits = Array(Self.alphabets[alphabet] ?? "")
        let width = digits.count.trailingZeroBitCount
        let bits = bytes.flatMap { byte in (0..<8).map { Int(byte >> (7 - $0)) & 1 } }
        return String(
            stride(from: 0, to: bits.count, by: width).map { start in
                digits[(start..<start + width).reduce(0) { $0 << 1 | ($1 < bits.count ? bits[$1] : 0) }]
            })
    }

    /// Without spaces, hyphens, separators; in capitals where small letters mean no more; Crockford's O, I and L read.
    private func plain(_ text: String) -> String {
        let readAs: [Unicode.Scalar: Unicode.Scalar] = alphabet == "crockford" ? ["O": "0", "I": "1", "L": "1"] : [:]
        let digits = Set((Self.alphabets[alphabet] ?? "").unicodeScalars)
        let dropped = Set(folded("-=" + separator).unicodeScalars)
        var kept = String.UnicodeScalarView()
        kept.append(
            contentsOf: folded(text).unicodeScalars.map { readAs[$0] ?? $0 }
                .filter { digits.contains($0) || ($0.value > 0x20 && $0.value < 0x7f && !dropped.contains($0)) })
        return String(kept)
    }

    private func folded(_ text: String) -> String { alphabet.hasPrefix("base64") ? text : text.uppercased() }
}
