program run;

{$mode delphi}

uses
  SysUtils, licencecheck;

var
  Line: AnsiString;
  Cells: array[0..3] of AnsiString;
  Key: TKey;
  Found: TLicence;
  I, At: Integer;

begin
  while not Eof(Input) do
  begin
    ReadLn(Line);
    for I := 0 to 3 do
    begin
      At := Pos(#9, Line);
      if (I = 3) or (At = 0) then At := Length(Line) + 1;
      Cells[I] := Copy(Line, 1, At - 1);
      Line := Copy(Line, At + 1, Length(Line));
    end;
    for I := 0 to 31 do Key[I] := StrToInt('$' + Copy(Cells[2], 2 * I + 1, 2));
    if ReadLicence(Cells[3], Key, StrToInt(Cells[1]), StrToInt(Cells[0]), Found) then
    begin
      for I := 1 to Length(Found.Name) do Write(LowerCase(IntToHex(Ord(Found.Name[I]), 2)));
      Write('|', Found.Seats, '|');
      for I := 0 to 7 do Write(LowerCase(IntToHex(Found.Id[I], 2)));
      WriteLn;
    end
    else
      WriteLn('-');
  end;
end.
