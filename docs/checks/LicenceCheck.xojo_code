#tag Module
Protected Module LicenceCheck
	// Checks a Keypost licence, offline, with libsodium (https://libsodium.org), which you ship beside your app. Not run
	// by us: test it with vectors.json. `key` is one public key of `keypost keys public`, in hex; call this for each key.
	Function LicenseeOf(text As String, key As String, keyNumber As Integer, product As Integer) As String
	  // Returns the licensee, or "" if the text is not a valid licence for the product.
	  Soft Declare Function crypto_sign_verify_detached Lib "libsodium" (sig As Ptr, message As Ptr, length As UInt64, publicKey As Ptr) As Integer
	  If text.LeftBytes(4).Compare("KP1-", ComparisonOptions.CaseSensitive) <> 0 Then Return ""
	  Var digits As String = text.MiddleBytes(4)
	  Var base64 As String = digits.ReplaceAllBytes("-", "+").ReplaceAllBytes("_", "/")
	  While base64.Bytes Mod 4 <> 0
	    base64 = base64 + "="
	  Wend
	  Var bytes As MemoryBlock = DecodeBase64(base64)
	  // Each licence has one text only: refuse other spellings of the same bytes.
	  Var canonical As String = EncodeBase64(bytes, 0).ReplaceAllBytes("+", "-").ReplaceAllBytes("/", "_").ReplaceAllBytes("=", "")
	  If canonical.Compare(digits, ComparisonOptions.CaseSensitive) <> 0 Or bytes.Size < 81 Then Return ""
	  Var length As Integer = bytes.Size - 64
	  If bytes.UInt8Value(0) <> 16 + keyNumber Or bytes.UInt8Value(1) * 256 + bytes.UInt8Value(2) <> product Then Return ""
	  Var domain As String = "keypost/licence/v1" + Chr(0)
	  Var message As MemoryBlock = domain + bytes.StringValue(0, length)
	  Var signature As MemoryBlock = bytes.StringValue(length, 64)
	  Var publicKey As MemoryBlock = DecodeHex(key)
	  If crypto_sign_verify_detached(signature, message, message.Size, publicKey) <> 0 Then Return ""
	  Return bytes.StringValue(16, length - 16).DefineEncoding(Encodings.UTF8)
	End Function
End Module
#tag EndModule
