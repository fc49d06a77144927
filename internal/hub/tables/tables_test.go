package tables

import (
	"strings"
	"testing"

	"edgeward/internal/ident"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name   string
		format Format
		text   string
		want   []string // MAC, address, name, port, VLAN
		bad    int
	}{
		{"dnsmasq", DHCP, "1760000000 00:09:fb:00:00:60 10.20.0.60 modality-1 01:00:09:fb:00:00:60\n1760000000 0015.5d00.0061 10.20.0.61 * *\nduid 00:01\n1760000000 12345 fd00::61 pacs 00:01\nnonsense\n",
			[]string{"00:09:fb:00:00:60 10.20.0.60 modality-1", "00:15:5d:00:00:61 10.20.0.61", "fd00::61 pacs"}, 1},
		{"isc", DHCP, "# The format of this file is documented in the dhcpd.leases(5) manual page.\nlease 10.20.0.60 {\n  starts 4 2026/03/05 08:00:00;\n  binding state active;\n  next binding state free;\n  hardware ethernet 00:09:fb:00:00:60;\n  client-hostname \"modality 1\";\n}\nlease 10.20.0.61 {\n  binding state free;\n  hardware ethernet 00:15:5d:00:00:61;\n}\n",
			[]string{"00:09:fb:00:00:60 10.20.0.60 modality 1"}, 0},
		{"kea", DHCP, "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n10.20.0.60,00:09:fb:00:00:60,,4000,1760000000,1,0,0,modality-1.,0,,0\n",
			[]string{"00:09:fb:00:00:60 10.20.0.60 modality-1."}, 0},
		{"ip neigh", ARP, "10.20.0.60 dev eth0 lladdr 00:09:fb:00:00:60 REACHABLE\nfe80::1 dev eth0 lladdr 00:15:5d:00:00:61 router STALE\n10.20.0.9 dev eth0 FAILED\n",
			[]string{"00:09:fb:00:00:60 10.20.0.60 eth0", "00:15:5d:00:00:61 fe80::1 eth0"}, 0},
		{"arp -an", ARP, "? (10.20.0.60) at 0:9:fb:0:0:60 [ether] on eth0\n? (10.20.0.9) at <incomplete> on eth0\n", []string{"00:09:fb:00:00:60 10.20.0.60 eth0"}, 0},
		{"/proc/net/arp", ARP, "IP address       HW type     Flags       HW address            Mask     Device\n10.20.0.60       0x1         0x2         00:09:fb:00:00:60     *        eth0\n", []string{"00:09:fb:00:00:60 10.20.0.60"}, 0},
		{"show ip arp", ARP, "Protocol  Address          Age (min)  Hardware Addr   Type   Interface\nInternet  10.20.0.60              5   0009.fb00.0060  ARPA   Vlan10\n", []string{"00:09:fb:00:00:60 10.20.0.60"}, 0},
		{"show mac address-table", MAC, "          Mac Address Table\n-------------------------------------------\n\nVlan    Mac Address       Type        Ports\n----    -----------       --------    -----\n  10    0009.fb00.0060    DYNAMIC     Gi1/0/4\n All    0100.0ccc.cccc    STATIC      CPU\n", []string{"00:09:fb:00:00:60 Gi1/0/4 10"}, 0},
		{"bridge fdb", MAC, "00:09:fb:00:00:60 dev eth3 master br0\n33:33:00:00:00:01 dev eth3 self permanent\n", []string{"00:09:fb:00:00:60 eth3"}, 0},
		{"csv", MAC, "mac;port;vlan\n00-09-FB-00-00-60;Gi1/0/4;10\n", []string{"00:09:fb:00:00:60 Gi1/0/4 10"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, problems, err := Parse(c.format, strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range list {
				var words []string
				if !e.MAC.IsZero() {
					words = append(words, e.MAC.String())
				}
				if e.Address.IsValid() {
					words = append(words, e.Address.String())
				}
				for _, w := range []string{e.Name, e.Port, e.VLAN} {
					if w != "" {
						words = append(words, w)
					}
				}
				got = append(got, strings.Join(words, " "))
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if len(problems) != c.bad {
				t.Errorf("problems: %v, want %d", problems, c.bad)
			}
		})
	}
}

func TestParseCMDB(t *testing.T) {
	list, problems, err := Parse(CMDB, strings.NewReader("\ufeffAsset,MAC Address,IP,Type,Criticality,Owner,Tags,Safety,Unknown\n\"CT, room 3\",00:09:fb:00:00:60,10.20.0.60,Medical-Modality,High,Radiology,\"ct imaging\",life-supporting,x\nPump,,not-an-address,,,,,,\nNobody,,,,,,,,\nOther,,10.20.0.61,,vital,,,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || len(problems) != 3 {
		t.Fatalf("%d rows, problems %v", len(list), problems)
	}
	s := list[0].Set
	if s.Label != "CT, room 3" || s.Type != "medical-modality" || s.Criticality != "high" || s.Owner != "Radiology" || strings.Join(s.Tags, "+") != "ct+imaging" || s.Safety != "life-supporting" {
		t.Errorf("attributes %+v", s)
	}
	if list[1].Set.Criticality != "" {
		t.Errorf("a word that is no criticality was taken: %q", list[1].Set.Criticality)
	}
}

func TestParseNothing(t *testing.T) {
	for _, c := range []struct {
		format Format
		text   string
		code   ident.Code
	}{
		{CMDB, "name,owner\nx,y\n", ident.Invalid},
		{DHCP, "this is a letter\nto somebody\n", ident.Invalid},
		{"leases", "", ident.Usage},
	} {
		if _, _, err := Parse(c.format, strings.NewReader(c.text)); ident.CodeOf(err) != c.code {
			t.Errorf("%s of %q: %v", c.format, c.text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("dhcp", "1760000000 00:09:fb:00:00:60 10.20.0.60 modality-1 *\n")
	f.Add("dhcp", "lease 10.0.0.1 {\n hardware ethernet 00:09:fb:00:00:60;\n}\n")
	f.Add("cmdb", "mac,ip,label\n00:09:fb:00:00:60,10.20.0.60,\"a\"\n")
	f.Add("mac", "10 0009.fb00.0060 DYNAMIC Gi1/0/4\n")
	f.Add("arp", "? (10.20.0.60) at 0:9:fb:0:0:60 [ether] on eth0\n")
	f.Fuzz(func(t *testing.T, format, text string) {
		list, problems, err := Parse(Format(format), strings.NewReader(text))
		if err != nil && len(list) > 0 || len(problems) > maxProblems {
			t.Errorf("%d rows, %d problems, %v", len(list), len(problems), err)
		}
		for _, e := range list {
			if e.MAC.IsZero() && !e.Address.IsValid() {
				t.Errorf("a row without an address: %+v", e)
			}
		}
	})
}
