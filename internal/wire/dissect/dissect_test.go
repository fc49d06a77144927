package dissect

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

func bytesOf(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Frames as tcpdump prints them.
const (
	synOverVLAN = "f492bf000001 3c5282000050 8100 2014 0800 4500002c1c4640004006 b1e6 0a140032 cb007142 c35000 17 00000001 00000000 6002 faf0 0000 0000 020405b4"
	arpRequest  = "ffffffffffff 3c5282000050 0806 0001080006040001 3c5282000050 0a140032 000000000000 0a140001"
	coapOver6   = "33330000 00fd 3c5282000050 86dd 6000 0000 000f 1140 fe80000000000000 0000000000000001 ff02000000000000 00000000000000fd 1633 1633 000f 0000 40 01 00 01 b4 74 69"
)

func say(layers []Layer) string {
	var b strings.Builder
	for _, l := range layers {
		fmt.Fprintf(&b, "%s %d+%d:", l.Name, l.Offset, l.Length)
		for _, f := range l.Fields {
			fmt.Fprintf(&b, " %s=%s@%d", f.Name, f.Value, f.Offset)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestFrame(t *testing.T) {
	for _, tt := range []struct {
		frame string
		want  []string
	}{
		{synOverVLAN, []string{"VLAN 14+4:", "id=20@14", "IPv4 18+20:", "source=10.20.0.50@30", "destination=203.0.113.66@34", "TCP 38+24:", "destination port=23@40", "flags=SYN@51", "options=4 bytes@58"}},
		{arpRequest, []string{"ARP 14+28:", "operation=request (1)@20", "target address=10.20.0.1@38"}},
		{coapOver6, []string{"IPv6 14+40:", "source=fe80::1@22", "UDP 54+8:", "destination port=5683@56", "Data 62+7:", "text=@....ti@62"}},
	} {
		got := say(Frame(bytesOf(t, tt.frame)))
		for _, w := range tt.want {
			if !strings.Contains(got, w) {
				t.Errorf("no %q in\n%s", w, got)
			}
		}
	}
}

// FuzzFrame wants layers in order, within the frame, that cover it.
func FuzzFrame(f *testing.F) {
	for _, s := range []string{synOverVLAN, arpRequest, coapOver6} {
		f.Add(bytesOf(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		at := 0
		for _, l := range Frame(b) {
			if l.Offset < at || l.Offset+l.Length > len(b) {
				t.Fatalf("%+v in %d bytes, after %d", l, len(b), at)
			}
			at = l.Offset + l.Length
			for _, x := range l.Fields {
				if x.Offset < l.Offset || x.Offset+x.Length > at {
					t.Fatalf("%+v in %+v", x, l)
				}
			}
		}
	})
}
