{ Checks a Keypost licence, offline, for Free Pascal and Delphi, which have no Ed25519 of their own: this unit has it
  (RFC 8032, after TweetNaCl, which is in the public domain). It verifies only, so nothing in it is secret.
  Copy this unit into your app, and write your public keys (`keypost keys public`) and product number into the call. }
unit licencecheck;

{$ifdef FPC}{$mode delphi}{$endif}
{$Q-}{$R-}

interface

type
  TKey = array[0..31] of Byte;

  TLicence = record
    Name: UTF8String;
    Issued: Integer;       // days since 2020-01-01
    UpdatesUntil: Integer; // the same; 0: for ever
    Seats: Integer;
    Id: array[0..7] of Byte; // what a list of revoked licences names
  end;

{ True if the text is a valid licence for the product, signed with the key of this number. Call it for each of your keys. }
function ReadLicence(const Text: AnsiString; const Key: TKey; KeyNumber, Product: Integer; out Licence: TLicence): Boolean;

implementation

type
  TBytes = array of Byte;
  TField = array[0..15] of Int64; // 16 limbs of 16 bits, little-endian
  TPoint = array[0..3] of TField; // X, Y, Z, T
  TScalar = array[0..31] of Byte;

const
  Zero: TField = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  One: TField = (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  D: TField = ($78a3, $1359, $4dca, $75eb, $d8ab, $4141, $0a4d, $0070, $e898, $7779, $4079, $8cc7, $fe73, $2b6f, $6cee, $5203);
  D2: TField = ($f159, $26b2, $9b94, $ebd6, $b156, $8283, $149a, $00e0, $d130, $eef3, $80f2, $198e, $fce7, $56df, $d9dc, $2406);
  BaseX: TField = ($d51a, $8f25, $2d60, $c956, $a7b2, $9525, $c760, $692c, $dc5c, $fdd6, $e231, $c0a4, $53fe, $cd6e, $36d3, $2169);
  BaseY: TField = ($6658, $6666, $6666, $6666, $6666, $6666, $6666, $6666, $6666, $6666, $6666, $6666, $6666, $6666, $6666, $6666);
  RootOfMinusOne: TField = ($a0b0, $4a0e, $1b27, $c4ee, $e478, $ad2f, $1806, $2f43, $d7a7, $3dfb, $0099, $2b4d, $df0b, $4fc1, $2480, $2b83);
  // The order of the group, little-endian.
  Order: TScalar = ($ed, $d3, $f5, $5c, $1a, $63, $12, $58, $d6, $9c, $f7, $a2, $de, $f9, $de, $14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, $10);
  K: array[0..79] of UInt64 = (
    UInt64($428a2f98d728ae22), UInt64($7137449123ef65cd), UInt64($b5c0fbcfec4d3b2f), UInt64($e9b5dba58189dbbc),
    UInt64($3956c25bf348b538), UInt64($59f111f1b605d019), UInt64($923f82a4af194f9b), UInt64($ab1c5ed5da6d8118),
    UInt64($d807aa98a3030242), UInt64($12835b0145706fbe), UInt64($243185be4ee4b28c), UInt64($550c7dc3d5ffb4e2),
    UInt64($72be5d74f27b896f), UInt64($80deb1fe3b1696b1), UInt64($9bdc06a725c71235), UInt64($c19bf174cf692694),
    UInt64($e49b69c19ef14ad2), UInt64($efbe4786384f25e3), UInt64($0fc19dc68b8cd5b5), UInt64($240ca1cc77ac9c65),
    UInt64($2de92c6f592b0275), UInt64($4a7484aa6ea6e483), UInt64($5cb0a9dcbd41fbd4), UInt64($76f988da831153b5),
    UInt64($983e5152ee66dfab), UInt64($a831c66d2db43210), UInt64($b00327c898fb213f), UInt64($bf597fc7beef0ee4),
    UInt64($c6e00bf33da88fc2), UInt64($d5a79147930aa725), UInt64($06ca6351e003826f), UInt64($142929670a0e6e70),
    UInt64($27b70a8546d22ffc), UInt64($2e1b21385c26c926), UInt64($4d2c6dfc5ac42aed), UInt64($53380d139d95b3df),
    UInt64($650a73548baf63de), UInt64($766a0abb3c77b2a8), UInt64($81c2c92e47edaee6), UInt64($92722c851482353b),
    UInt64($a2bfe8a14cf10364), UInt64($a81a664bbc423001), UInt64($c24b8b70d0f89791), UInt64($c76c51a30654be30),
    UInt64($d192e819d6ef5218), UInt64($d69906245565a910), UInt64($f40e35855771202a), UInt64($106aa07032bbd1b8),
    UInt64($19a4c116b8d2d0c8), UInt64($1e376c085141ab53), UInt64($2748774cdf8eeb99), UInt64($34b0bcb5e19b48a8),
    UInt64($391c0cb3c5c95a63), UInt64($4ed8aa4ae3418acb), UInt64($5b9cca4f7763e373), UInt64($682e6ff3d6b2b8a3),
    UInt64($748f82ee5defb2fc), UInt64($78a5636f43172f60), UInt64($84c87814a1f0ab72), UInt64($8cc702081a6439ec),
    UInt64($90befffa23631e28), UInt64($a4506cebde82bde9), UInt64($bef9a3f7b2c67915), UInt64($c67178f2e372532b),
    UInt64($ca273eceea26619c), UInt64($d186b8c721c0c207), UInt64($eada7dd6cde0eb1e), UInt64($f57d4f7fee6ed178),
    UInt64($06f067aa72176fba), UInt64($0a637dc5a2c898a6), UInt64($113f9804bef90dae), UInt64($1b710b35131c471b),
    UInt64($28db77f523047d84), UInt64($32caab7b40c72493), UInt64($3c9ebe0a15c9bebc), UInt64($431d67c49c100d4c),
    UInt64($4cc5d4becb3e42b6), UInt64($597f299cfc657e2a), UInt64($5fcb6fab3ad6faec), UInt64($6c44198c4a475817));

function Rotate(X: UInt64; Bits: Integer): UInt64;
begin
  Result := (X shr Bits) or (X shl (64 - Bits));
end;

{ SHA-512, FIPS 180-4 }
procedure Sha512(const Message: TBytes; out Hash: TBytes);
const
  Start: array[0..7] of UInt64 = (
    UInt64($6a09e667f3bcc908), UInt64($bb67ae8584caa73b), UInt64($3c6ef372fe94f82b), UInt64($a54ff53a5f1d36f1),
    UInt64($510e527fade682d1), UInt64($9b05688c2b3e6c1f), UInt64($1f83d9abfb41bd6b), UInt64($5be0cd19137e2179));
var
  H, V: array[0..7] of UInt64;
  W: array[0..79] of UInt64;
  Data: TBytes;
  I, J, Block, Size: Integer;
  A, B: UInt64;
begin
  Size := (Length(Message) + 17 + 127) div 128 * 128;
  SetLength(Data, Size);
  for I := 0 to Size - 1 do Data[I] := 0;
  for I := 0 to Length(Message) - 1 do Data[I] := Message[I];
  Data[Length(Message)] := $80;
  for I := 0 to 7 do Data[Size - 1 - I] := Byte((UInt64(Length(Message)) * 8) shr (8 * I));
  for I := 0 to 7 do H[I] := Start[I];
  for Block := 0 to Size div 128 - 1 do
  begin
    for I := 0 to 15 do
    begin
      W[I] := 0;
      for J := 0 to 7 do W[I] := (W[I] shl 8) or Data[128 * Block + 8 * I + J];
    end;
    for I := 16 to 79 do
    begin
      A := Rotate(W[I - 15], 1) xor Rotate(W[I - 15], 8) xor (W[I - 15] shr 7);
      B := Rotate(W[I - 2], 19) xor Rotate(W[I - 2], 61) xor (W[I - 2] shr 6);
      W[I] := W[I - 16] + A + W[I - 7] + B;
    end;
    for I := 0 to 7 do V[I] := H[I];
    for I := 0 to 79 do
    begin
      A := V[7] + (Rotate(V[4], 14) xor Rotate(V[4], 18) xor Rotate(V[4], 41));
      A := A + ((V[4] and V[5]) xor ((not V[4]) and V[6])) + K[I] + W[I];
      B := (Rotate(V[0], 28) xor Rotate(V[0], 34) xor Rotate(V[0], 39));
      B := B + ((V[0] and V[1]) xor (V[0] and V[2]) xor (V[1] and V[2]));
      for J := 7 downto 1 do V[J] := V[J - 1];
      V[4] := V[4] + A;
      V[0] := A + B;
    end;
    for I := 0 to 7 do H[I] := H[I] + V[I];
  end;
  SetLength(Hash, 64);
  for I := 0 to 63 do Hash[I] := Byte(H[I div 8] shr (56 - 8 * (I mod 8)));
end;


function Add(const A, B: TField): TField;
var
  I: Integer;
begin
  for I := 0 to 15 do Result[I] := A[I] + B[I];
end;

function Sub(const A, B: TField): TField;
var
  I: Integer;
begin
  for I := 0 to 15 do Result[I] := A[I] - B[I];
end;

function Mul(const A, B: TField): TField;
var
  T: array[0..30] of Int64;
  I, J: Integer;
begin
  for I := 0 to 30 do T[I] := 0;
  for I := 0 to 15 do for J := 0 to 15 do T[I + J] := T[I + J] + A[I] * B[J];
  for I := 0 to 14 do T[I] := T[I] + 38 * T[I + 16];
  for I := 0 to 15 do Result[I] := T[I];
  // Carrying with floor division: limbs may be negative.
  for J := 1 to 2 do
    for I := 0 to 15 do
    begin
      T[0] := Result[I] and 65535;
      T[1] := (Result[I] - T[0]) div 65536;
      Result[I] := T[0];
      if I < 15 then Result[I + 1] := Result[I + 1] + T[1] else Result[0] := Result[0] + 38 * T[1];
    end;
end;

procedure Pack(out Bytes: TScalar; const N: TField);
var
  I, J: Integer;
  M, T: TField;
  B: Int64;
begin
  T := Mul(N, One);
  T := Mul(T, One);
  for J := 0 to 1 do
  begin
    M[0] := T[0] - $ffed;
    for I := 1 to 14 do
    begin
      M[I] := T[I] - $ffff - Ord(M[I - 1] < 0);
      M[I - 1] := M[I - 1] and $ffff;
    end;
    M[15] := T[15] - $7fff - Ord(M[14] < 0);
    B := Ord(M[15] < 0);
    M[14] := M[14] and $ffff;
    M[15] := M[15] and $ffff;
    if B = 0 then T := M;
  end;
  for I := 0 to 15 do
  begin
    Bytes[2 * I] := Byte(T[I] and $ff);
    Bytes[2 * I + 1] := Byte((T[I] shr 8) and $ff);
  end;
end;

function Same(const A, B: TField): Boolean;
var
  X, Y: TScalar;
  I: Integer;
begin
  Pack(X, A);
  Pack(Y, B);
  Result := True;
  for I := 0 to 31 do if X[I] <> Y[I] then Result := False;
end;

function IsOdd(const A: TField): Boolean;
var
  X: TScalar;
begin
  Pack(X, A);
  Result := X[0] and 1 = 1;
end;

{ A to the power p - 2 }
function Inverse(const A: TField): TField;
var
  I: Integer;
begin
  Result := A;
  for I := 253 downto 0 do
  begin
    Result := Mul(Result, Result);
    if (I <> 2) and (I <> 4) then Result := Mul(Result, A);
  end;
end;

{ A to the power (p - 5) / 8 }
function Power2523(const A: TField): TField;
var
  I: Integer;
begin
  Result := A;
  for I := 250 downto 0 do
  begin
    Result := Mul(Result, Result);
    if I <> 1 then Result := Mul(Result, A);
  end;
end;

procedure AddPoint(var P: TPoint; const Q: TPoint);
var
  A, B, C, E, F, G, H, X: TField;
begin
  A := Mul(Sub(P[1], P[0]), Sub(Q[1], Q[0]));
  B := Mul(Add(P[0], P[1]), Add(Q[0], Q[1]));
  C := Mul(Mul(P[3], Q[3]), D2);
  X := Mul(P[2], Q[2]);
  X := Add(X, X);
  E := Sub(B, A);
  F := Sub(X, C);
  G := Add(X, C);
  H := Add(B, A);
  P[0] := Mul(E, F);
  P[1] := Mul(H, G);
  P[2] := Mul(G, F);
  P[3] := Mul(E, H);
end;

function Multiply(const Scalar: TScalar; const Q: TPoint): TPoint;
var
  I: Integer;
begin
  Result[0] := Zero;
  Result[1] := One;
  Result[2] := One;
  Result[3] := Zero;
  for I := 255 downto 0 do
  begin
    AddPoint(Result, Result);
    if (Scalar[I div 8] shr (I mod 8)) and 1 = 1 then AddPoint(Result, Q);
  end;
end;

{ The negative of the point }
function UnpackNegative(out P: TPoint; const Key: TKey): Boolean;
var
  T, Numerator, Denominator, D4, D6: TField;
  I: Integer;
begin
  for I := 0 to 15 do P[1][I] := Key[2 * I] + Int64(Key[2 * I + 1]) * 256;
  P[1][15] := P[1][15] and $7fff;
  P[2] := One;
  Numerator := Mul(P[1], P[1]);
  Denominator := Add(One, Mul(Numerator, D));
  Numerator := Sub(Numerator, One);
  D4 := Mul(Mul(Denominator, Denominator), Mul(Denominator, Denominator));
  D6 := Mul(D4, Mul(Denominator, Denominator));
  T := Power2523(Mul(Mul(D6, Numerator), Denominator));
  T := Mul(Mul(Mul(T, Numerator), Denominator), Denominator);
  P[0] := Mul(T, Denominator);
  if not Same(Mul(Mul(P[0], P[0]), Denominator), Numerator) then P[0] := Mul(P[0], RootOfMinusOne);
  Result := Same(Mul(Mul(P[0], P[0]), Denominator), Numerator);
  if IsOdd(P[0]) = (Key[31] shr 7 = 1) then P[0] := Sub(Zero, P[0]);
  P[3] := Mul(P[0], P[1]);
end;

{ A number of 64 bytes modulo the order of the group, bit by bit }
function Reduce(const Hash: TBytes): TScalar;
var
  I, J, Bit, Borrow, Value: Integer;
  Less: TScalar;
begin
  for I := 0 to 31 do Result[I] := 0;
  for I := 511 downto 0 do
  begin
    Bit := (Hash[I div 8] shr (I mod 8)) and 1;
    for J := 0 to 31 do
    begin
      Value := Result[J] * 2 + Bit;
      Result[J] := Byte(Value and $ff);
      Bit := Value shr 8;
    end;
    Borrow := 0;
    for J := 0 to 31 do
    begin
      Value := Result[J] - Order[J] - Borrow;
      Borrow := Ord(Value < 0);
      Less[J] := Byte(Value and $ff);
    end;
    if Borrow = 0 then Result := Less;
  end;
end;

function IsBelowOrder(const S: TScalar): Boolean;
var
  I: Integer;
begin
  I := 31;
  while (I > 0) and (S[I] = Order[I]) do Dec(I);
  Result := S[I] < Order[I];
end;

function Verify(const Key: TKey; const Message: TBytes; const Signature: TBytes): Boolean;
var
  A, B, P: TPoint;
  S, R: TScalar;
  Data, Hash: TBytes;
  I: Integer;
  Z: TField;
begin
  for I := 0 to 31 do S[I] := Signature[32 + I];
  Result := IsBelowOrder(S) and UnpackNegative(A, Key);
  if not Result then Exit;
  SetLength(Data, 64 + Length(Message));
  for I := 0 to 31 do Data[I] := Signature[I];
  for I := 0 to 31 do Data[32 + I] := Key[I];
  for I := 0 to Length(Message) - 1 do Data[64 + I] := Message[I];
  Sha512(Data, Hash);
  B[0] := BaseX;
  B[1] := BaseY;
  B[2] := One;
  B[3] := Mul(BaseX, BaseY);
  P := Multiply(Reduce(Hash), A);
  AddPoint(P, Multiply(S, B));
  Z := Inverse(P[2]);
  Pack(R, Mul(P[1], Z));
  if IsOdd(Mul(P[0], Z)) then R[31] := R[31] or $80;
  for I := 0 to 31 do if R[I] <> Signature[I] then Result := False;
end;

{ base64url without padding. Each licence has one text only, so the bits that are left over must be zero. }
function Decode(const Text: AnsiString; out Bytes: TBytes): Boolean;
const
  Digits: AnsiString = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
var
  I, Value, Bits, Count: Integer;
  Buffer: Cardinal;
begin
  SetLength(Bytes, Length(Text) * 6 div 8);
  Buffer := 0;
  Bits := 0;
  Count := 0;
  Result := Length(Text) mod 4 <> 1;
  for I := 1 to Length(Text) do
  begin
    Value := Pos(Text[I], Digits) - 1;
    if Value < 0 then Exit(False);
    Buffer := ((Buffer shl 6) or Cardinal(Value)) and $ffffff;
    Inc(Bits, 6);
    if Bits < 8 then Continue;
    Dec(Bits, 8);
    if Count < Length(Bytes) then Bytes[Count] := Byte(Buffer shr Bits);
    Inc(Count);
  end;
  if Buffer and ((Cardinal(1) shl Bits) - 1) <> 0 then Result := False;
end;

function ReadLicence(const Text: AnsiString; const Key: TKey; KeyNumber, Product: Integer; out Licence: TLicence): Boolean;
const
  Domain: AnsiString = 'keypost/licence/v1'#0;
var
  Bytes, Message, Signature: TBytes;
  I, Size: Integer;
begin
  Result := False;
  if (Copy(Text, 1, 4) <> 'KP1-') or not Decode(Copy(Text, 5, Length(Text)), Bytes) then Exit;
  Size := Length(Bytes) - 64;
  if (Size < 17) or (Bytes[0] <> 16 + KeyNumber) or (Bytes[1] * 256 + Bytes[2] <> Product) then Exit;
  SetLength(Message, Length(Domain) + Size);
  for I := 1 to Length(Domain) do Message[I - 1] := Ord(Domain[I]);
  for I := 0 to Size - 1 do Message[Length(Domain) + I] := Bytes[I];
  SetLength(Signature, 64);
  for I := 0 to 63 do Signature[I] := Bytes[Size + I];
  if not Verify(Key, Message, Signature) then Exit;
  SetLength(Licence.Name, Size - 16);
  for I := 16 to Size - 1 do Licence.Name[I - 15] := AnsiChar(Bytes[I]);
  Licence.Issued := Bytes[3] * 256 + Bytes[4];
  Licence.UpdatesUntil := Bytes[5] * 256 + Bytes[6];
  Licence.Seats := Bytes[7];
  for I := 0 to 7 do Licence.Id[I] := Bytes[8 + I];
  Result := True;
end;

end.
