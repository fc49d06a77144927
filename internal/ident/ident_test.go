package ident

import "testing"

func TestParseMAC(t *testing.T) {
	want := MAC{0x02, 0xab, 0xcd, 0, 1, 0xff}
	for _, s := range []string{"02:ab:cd:00:01:ff", "02-AB-CD-00-01-FF", "02ab.cd00.01ff", "02abcd0001ff"} {
		if got, err := ParseMAC(s); err != nil || got != want {
			t.Errorf("ParseMAC(%q) = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "02:ab:cd:00:01", "02:ab:cd:00:01:fg", "02:ab:cd:00:01:ff:00", "zz"} {
		if _, err := ParseMAC(s); err == nil {
			t.Errorf("ParseMAC(%q) gave no error", s)
		}
	}
	if s := want.String(); s != "02:ab:cd:00:01:ff" {
		t.Errorf("String() = %q", s)
	}
}

func TestSeverityRoundTrip(t *testing.T) {
	for s := Info; s <= Critical; s++ {
		if got, err := ParseSeverity(s.String()); err != nil || got != s {
			t.Errorf("ParseSeverity(%q) = %v, %v", s, got, err)
		}
	}
	if _, err := ParseSeverity("grave"); err == nil {
		t.Error("an unknown severity gave no error")
	}
}

func TestTimeHasMicroseconds(t *testing.T) {
	if got := Time(1_700_000_000_123_456_789); got != "2023-11-14T22:13:20.123456Z" {
		t.Errorf("Time = %q", got)
	}
}
