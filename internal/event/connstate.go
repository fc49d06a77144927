package event

// ConnState gives Zeek's short name of how a conversation went, from the
// packets and the TCP flags of its two directions.
func ConnState(transport uint8, packets [2]uint64, flags [2]uint8) string {
	if transport != 6 {
		switch {
		case packets[0] > 0 && packets[1] > 0:
			return "SF"
		case packets[0] == 0:
			return "SHR"
		}
		return "S0"
	}
	const fin, syn, rst = 0x01, 0x02, 0x04
	c, s := flags[0], flags[1]
	switch {
	case c&syn == 0 && s&syn == 0:
		return "OTH"
	case c&syn == 0:
		return "SHR"
	case s&rst != 0 && s&syn == 0:
		return "REJ"
	case s&syn == 0 && c&rst != 0:
		return "RSTOS0"
	case s&syn == 0 && c&fin != 0:
		return "SH"
	case s&syn == 0:
		return "S0"
	case c&s&fin != 0:
		return "SF"
	case s&rst != 0:
		return "RSTR"
	case c&rst != 0:
		return "RSTO"
	case c&fin != 0:
		return "S2"
	case s&fin != 0:
		return "S3"
	}
	return "S1"
}
