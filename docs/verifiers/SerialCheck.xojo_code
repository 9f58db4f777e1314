#tag Module
Protected Module SerialCheck
	#tag Method, Flags = &h1
		Protected Function IsValid(name As String, serial As String) As Boolean
		  // Whether `serial`, as the buyer typed it, is that of `name`. Nobody has an empty name.
		  //
		  // Tells whether a serial that Keypost made belongs to a name. Add this module to your project and write your
		  // product's `serial` from keypost.config.ts and its key into the constants. It needs Xojo's own Crypto module.
		  // Not run by us: we have no Xojo. Try it with vectors.json before you ship it.
		  //
		  // AES here keeps honest people honest, and no more: the key is in the app, and whoever takes it out can write a
		  // serial for any name. So the name is encrypted and the whole compared; an app that decrypts a serial instead, and
		  // looks whether a name comes out, accepts what was put together from parts of others. More: docs/serials.md.
		  //
		  // Xojo cannot compose accents: hand names over in the normal form (NFC where the profile says no other). On the Mac
		  // NSString's precomposedStringWithCanonicalMapping does it by Declare, on Windows NormalizeString.
		  If Cleaned(name).IsEmpty Then Return False
		  Var ours As MemoryBlock = SerialFor(name)
		  Var typed As MemoryBlock = Plain(serial)
		  If ours.Size = 0 Or ours.Size <> typed.Size Then Return False
		  Var difference As Integer
		  For i As Integer = 0 To ours.Size - 1 // a text's own = would take a for A
		    difference = Bitwise.BitOr(difference, Bitwise.BitXor(ours.UInt8Value(i), typed.UInt8Value(i)))
		  Next
		  Return difference = 0
		End Function
	#tag EndMethod

	#tag Method, Flags = &h1
		Protected Function SerialFor(name As String) As String
		  // The serial without what stands between its groups; empty where the charset lacks a character of the name.
		  Var value As String = Cleaned(name)
		  Var bytes As String = value.ConvertEncoding(CharsetEncoding)
		  If bytes.ConvertEncoding(Encodings.UTF8).Compare(value, ComparisonOptions.CaseSensitive) <> 0 Then Return ""
		  Var digits As String = Spelled(Encrypted(Padded(bytes)))
		  If kCut > 0 Then digits = digits.Left(kCut)
		  Return Plain(kPrefix + digits)
		End Function
	#tag EndMethod

	#tag Method, Flags = &h21
		Private Function Cleaned(name As String) As String
		  // The name as Keypost cleans it before it encrypts it (docs/names.md); of spaces and unseen characters, those that
		  // mails and web pages bring along.
		  Var value As String = name.ConvertEncoding(Encodings.UTF8)
		  If kFold = "upper" Then value = value.Uppercase
		  If kFold = "lower" Then value = value.Lowercase
		  Var spaces() As String = Array(&u00A0, &u2002, &u2003, &u2007, &u2009, &u200A, &u202F, &u3000)
		  For Each space As String In spaces
		    value = value.ReplaceAllBytes(space, " ")
		  Next
		  Var unseen() As String = Array(&u00AD, &u200B, &u200C, &u200E, &u200F, &u2060, &uFEFF)
		  For Each character As String In unseen
		    value = value.ReplaceAllBytes(character, "")
		  Next
		  While kCollapse And value.IndexOfBytes("  ") >= 0
		    value = value.ReplaceAllBytes("  ", " ")
		  Wend
		  If kTrim Then Return value.Trim(" ", &u09, &u0A, &u0D)
		  Return value.Trim(&u09, &u0A, &u0D)
		End Function
	#tag EndMethod

	#tag Method, Flags = &h21
		Private Function CharsetEncoding() As TextEncoding
		  Select Case kCharset
		  Case "windows-1252"
		    Return Encodings.WindowsLatin1
		  Case "macroman"
		    Return Encodings.MacRoman
		  Case "latin1"
		    Return Encodings.ISOLatin1
		  Case "utf16le"
		    Return Encodings.UTF16LE
		  End Select
		  Return Encodings.UTF8
		End Function
	#tag EndMethod

	#tag Method, Flags = &h21
		Private Function KeyBytes() As MemoryBlock
		  // Sixteen bytes; a key of another length is filled up with zeros or cut, as `fit: 'null-pad-or-cut'` has it.
		  Var bytes As MemoryBlock = kKey
		  If kKeyForm = "hex" Then bytes = DecodeHex(kKey)
		  If kKeyForm = "base64" Then bytes = DecodeBase64(kKey)
		  If kKeyForm = "md5" Then bytes = Crypto.Hash(kKey, Crypto.HashAlgorithms.MD5)
		  bytes.Size = 16
		  Return bytes
		End Function
	#tag EndMethod

	#tag Method, Flags = &h21
		Private Function Padded(name As MemoryBlock) As MemoryBlock
		  Var length As Integer = name.Size
		  Var missing As Integer = 16 - length Mod 16 // 1 to 16
		  If kPadding = "none" Then Return name
		  If missing = 16 And (kPadding = "null" Or kPadding = "space") Then Return name // nothing is added to whole blocks
		  name.Size = length + missing // with zeros
		  For i As Integer = length To name.Size - 1
		    If kPadding = "space" Then name.UInt8Value(i) = 32
		    If kPadding = "pkcs7" Then name.UInt8Value(i) = missing
		  Next
		  If kPadding = "x923" Then name.UInt8Value(name.Size - 1) = missing
		  Return name
		End Function
	#tag EndMethod

	#tag Method, Flags = &h21
		Private Function Encrypted(value As MemoryBlock) As MemoryBlock
		  Var key As MemoryBlock = KeyBytes
		  Var before As New MemoryBlock(16)
		  Select Case kIv
		  Case "zero"
		  Case "key"
		    before = KeyBytes
		  Case "encrypted-zero"
		    before = EncryptedBlock(key, before)
		  Case Else
		    before = DecodeHex(kIv)
		  End Select
		  Var done As New MemoryBlock(value.Size)
		  Var size As Integer = If(kMode = "cfb8", 1, 16)
		  For at As Integer = 0 To value.Size - 1 Step size
		    Var count As Integer = Min(size, value.Size - at)
		    Var block As New MemoryBlock(16)
		    For i As Integer = 0 To count - 1
		      block.UInt8Value(i) = value.UInt8Value(at + i)
		      If count = 16 And kMode <> "ecb" Then block.UInt8Value(i) = Bitwise.BitXor(block.UInt8Value(i), before.UInt8Value(i))
		    Next
		    // CFB8, and the end of DCPcrypt's CBC, are XORed with the encryption of the ciphertext before them.
		    Var mask As MemoryBlock = EncryptedBlock(key, If(count = 16, block, before))
		    For i As Integer = 0 To count - 1
		      done.UInt8Value(at + i) = mask.UInt8Value(i)
		      If count < 16 Then done.UInt8Value(at + i) = Bitwise.BitXor(block.UInt8Value(i), mask.UInt8Value(i))
		    Next
		    Var both As MemoryBlock = before.StringValue(0, 16) + done.StringValue(at, count)
		    before = both.StringValue(count, 16)
		  Next
		  Return done
		End Function
	#tag EndMethod

	#tag Method, Flags = &h21
		Private Function EncryptedBlock(key As MemoryBlock, block As MemoryBlock) As MemoryBlock
		  // One block of CBC after zeros is the plain encryption of that block; if Xojo pads, what it adds is cut off.
		  Var zeros As New MemoryBlock(16)
		  Var out As MemoryBlock = Crypto.AESEncrypt(key, block, Crypto.BlockModes.CBC, zeros)
		  out.Size = 16
		  Return out
		End Function
	#tag EndMethod

	#tag Method, Flags = &h21
		Private Function Digits() As String
		  Select Case kAlphabet
		  Case "base64"
		    Return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
		  Case "base64url"
		    Return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		  Case "base32"
		    Return "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
		  Case "crockford"
		    Return "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // https://www.crockford.com/base32.html
		  End Select
		  Return "0123456789ABCDEF" // hex in either case, for all that is typed becomes capitals
		End Function
	#tag EndMethod

	#tag Method, Flags = &h21
		Private Function Spelled(bytes As MemoryBlock) As String
		  // Bits to digits, the highest first; the last digit is filled up with zero bits.
		  Var known As String = Digits
		  Var width As Integer = If(known.Length = 16, 4, If(known.Length = 32, 5, 6))
		  Var value As String
		  Var bits, waiting As Integer
		  For i As Integer = 0 To bytes.Size - 1
		    bits = (bits * 256 + bytes.UInt8Value(i)) Mod 65536
		    waiting = waiting + 8
		    While waiting >= width
		      waiting = waiting - width
		      value = value + known.Middle(Bitwise.ShiftRight(bits, waiting) Mod known.Length, 1)
		    Wend
		  Next
		  If waiting > 0 Then value = value + known.Middle(Bitwise.ShiftLeft(bits, width - waiting) Mod known.Length, 1)
		  Return value
		End Function
	#tag EndMethod

	#tag Method, Flags = &h21
		Private Function Plain(value As String) As String
		  // Without spaces, hyphens, separators; in capitals where small letters mean no more; Crockford's O, I and L read.
		  Var typed As String = value
		  Var dropped As String = "-=" + kSeparator
		  If kAlphabet <> "base64" And kAlphabet <> "base64url" Then
		    typed = typed.Uppercase
		    dropped = dropped.Uppercase
		  End If
		  If kAlphabet = "crockford" Then typed = typed.ReplaceAll("O", "0").ReplaceAll("I", "1").ReplaceAll("L", "1")
		  Var kept As String
		  For i As Integer = 0 To typed.Length - 1
		    Var one As String = typed.Middle(i, 1)
		    Var isPrinted As Boolean = one.Asc > 32 And one.Asc < 127 And dropped.IndexOfBytes(one) < 0
		    If isPrinted Or Digits.IndexOfBytes(one) >= 0 Then kept = kept + one
		  Next
		  Return kept
		End Function
	#tag EndMethod


	#tag Constant, Name = kAlphabet, Type = String, Dynamic = False, Default = \"HEX", Scope = Private
	#tag EndConstant

	#tag Constant, Name = kCharset, Type = String, Dynamic = False, Default = \"utf8", Scope = Private
	#tag EndConstant

	#tag Constant, Name = kCollapse, Type = Boolean, Dynamic = False, Default = \"True", Scope = Private
	#tag EndConstant

	#tag Constant, Name = kCut, Type = Double, Dynamic = False, Default = \"0", Scope = Private
	#tag EndConstant

	#tag Constant, Name = kFold, Type = String, Dynamic = False, Default = \"none", Scope = Private
	#tag EndConstant

	#tag Constant, Name = kIv, Type = String, Dynamic = False, Default = \"zero", Scope = Private
	#tag EndConstant

	#tag Constant, Name = kKey, Type = String, Dynamic = False, Default = \"1234567890123456", Scope = Private
	#tag EndConstant

	#tag Constant, Name = kKeyForm, Type = String, Dynamic = False, Default = \"ascii", Scope = Private
	#tag EndConstant

	#tag Constant, Name = kMode, Type = String, Dynamic = False, Default = \"ecb", Scope = Private
	#tag EndConstant

	#tag Constant, Name = kPadding, Type = String, Dynamic = False, Default = \"pkcs7", Scope = Private
	#tag EndConstant

	#tag Constant, Name = kPrefix, Type = String, Dynamic = False, Default = \"", Scope = Private
	#tag EndConstant

	#tag Constant, Name = kSeparator, Type = String, Dynamic = False, Default = \"-", Scope = Private
	#tag EndConstant

	#tag Constant, Name = kTrim, Type = Boolean, Dynamic = False, Default = \"True", Scope = Private
	#tag EndConstant

End Module
#tag EndModule
