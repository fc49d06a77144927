package mud

// ethertypes are those that have a name (RFC 8519, section 4.3).
var ethertypes = map[string]uint16{
	"ipv4": 0x0800, "arp": 0x0806, "wlan": 0x0842, "srp": 0x22ea, "trill": 0x22f3, "decnet": 0x6003, "rarp": 0x8035,
	"appletalk": 0x809b, "aarp": 0x80f3, "vlan": 0x8100, "ipx": 0x8137, "qnx": 0x8204, "ipv6": 0x86dd, "efc": 0x8808,
	"esp": 0x8809, "cobranet": 0x8819, "mpls-unicast": 0x8847, "mpls-multicast": 0x8848, "pppoe-discovery": 0x8863,
	"pppoe-session": 0x8864, "intel-ans": 0x886d, "jumbo-frames": 0x8870, "homeplug": 0x887b, "eap": 0x888e,
	"profinet": 0x8892, "hyperscsi": 0x889a, "aoe": 0x88a2, "ethercat": 0x88a4, "provider-bridging": 0x88a8,
	"ethernet-powerlink": 0x88ab, "goose": 0x88b8, "gse": 0x88b9, "sv": 0x88ba, "lldp": 0x88cc, "sercos": 0x88cd,
	"wsmp": 0x88dc, "homeplug-av-mme": 0x88e1, "mrp": 0x88e3, "macsec": 0x88e5, "pbb": 0x88e7, "cfm": 0x8902,
	"fcoe": 0x8906, "fcoe-ip": 0x8914, "roce": 0x8915, "tte": 0x891d, "hsr": 0x892f,
}
