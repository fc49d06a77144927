package logs

import (
	"edgeward/internal/event"
)

// TCP flags as Flow facts give them.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

// zeekConn makes a flow of a line of conn.log.
func (r *Reader) zeekConn(w *row, h *event.Header) error {
	start := h.Time
	if d := w.get(colDuration); len(d) > 0 {
		ns, ok := parseTime(d)
		if !ok || ns < 0 {
			return bad("the duration %q is none", clip(d))
		}
		h.Time += ns
	}
	port := h.DstPort
	var icmpType, icmpCode uint8
	if h.Transport == protoICMP || h.Transport == protoICMPv6 {
		icmpType, icmpCode = uint8(h.SrcPort), uint8(h.DstPort)
		h.SrcPort, h.DstPort = 0, 0
	}
	f := emit[event.Flow](r, h)
	f.Origin = "zeek"
	f.Start, f.End = start, h.Time
	f.Age = uint32(min((h.Time-start)/second, 1<<32-1))
	f.ICMPType, f.ICMPCode = icmpType, icmpCode
	if f.AppProto = parseProto(w.get(colService), port); f.AppProto != event.ProtoUnknown {
		f.AppProtoBy = "content"
	}
	state := string(w.get(colConnState))
	f.ConnState = knownState(state)
	f.DataToServer, f.DataToClient = count(w.get(colOrigBytes)), count(w.get(colRespBytes))
	f.PktsToServer, f.PktsToClient = zeekPackets(w, f, f.ConnState)
	f.BytesToServer = max(count(w.get(colOrigIPBytes)), f.DataToServer)
	f.BytesToClient = max(count(w.get(colRespIPBytes)), f.DataToClient)
	f.OneSided = f.PktsToServer == 0 || f.PktsToClient == 0
	f.Gaps = count32(w.get(colMissed))
	if h.Transport == protoTCP {
		history := w.get(colHistory)
		f.TCPFlagsTS, f.TCPFlagsTC = zeekFlags(history, f.ConnState)
		f.Midstream = f.ConnState == "OTH"
		mendMidstream(f)
	}
	if f.ConnState == "" {
		f.ConnState = event.ConnState(h.Transport, [2]uint64{f.PktsToServer, f.PktsToClient}, [2]uint8{f.TCPFlagsTS, f.TCPFlagsTC})
	}
	f.State = zeekState(f.ConnState)
	return nil
}

// knownState gives a constant for a conn_state of Zeek.
func knownState(s string) string {
	for _, k := range [...]string{"S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"} {
		if s == k {
			return k
		}
	}
	return ""
}

// zeekState gives the state of a flow in Suricata's words.
func zeekState(connState string) string {
	switch connState {
	case "S1", "S2", "S3", "OTH":
		return "established"
	case "SF", "RSTO", "RSTR", "REJ":
		return "closed"
	}
	return "new"
}

// zeekPackets gives the number of packets of each side. Where the log has no
// such column there was at least one packet of each side that sent data or
// that the state speaks of.
func zeekPackets(w *row, f *event.Flow, state string) (toServer, toClient uint64) {
	if w.has(colOrigPkts) || w.has(colRespPkts) {
		toServer, toClient = count(w.get(colOrigPkts)), count(w.get(colRespPkts))
		if toServer+toClient > 0 {
			return toServer, toClient
		} // Zeek does not count packets whose checksum is wrong
	}
	if state != "SHR" && state != "RSTRH" || f.DataToServer > 0 {
		toServer = 1
	}
	switch state {
	case "S0", "SH", "RSTOS0", "OTH", "":
		toClient = min(f.DataToClient, 1)
	default:
		toClient = 1
	}
	return toServer, toClient
}

// zeekFlags gives the TCP flags that the letters of a history stand for, or
// else the state. Capital letters are the originator's. FIN goes with ACK,
// since Zeek does not tell a bare one apart.
func zeekFlags(history []byte, state string) (toServer, toClient uint8) {
	var flags [2]uint8
	for _, c := range history {
		side := &flags[0]
		if c >= 'a' {
			side = &flags[1]
		}
		switch c &^ 0x20 {
		case 'S':
			*side |= flagSYN
		case 'H':
			*side |= flagSYN | flagACK
		case 'A', 'D':
			*side |= flagACK
		case 'F':
			*side |= flagFIN | flagACK
		case 'R':
			*side |= flagRST
		case 'Q':
			*side |= flagSYN | flagFIN
		case 'I':
			*side |= flagFIN | flagRST
		}
	}
	if flags[0]|flags[1] != 0 {
		return flags[0], flags[1]
	}
	const open = flagSYN | flagACK
	switch state {
	case "S0":
		return flagSYN, 0
	case "S1":
		return open, open
	case "SF":
		return open | flagFIN, open | flagFIN
	case "REJ":
		return flagSYN, flagRST | flagACK
	case "S2":
		return open | flagFIN, open
	case "S3":
		return open, open | flagFIN
	case "RSTO":
		return open | flagRST, open
	case "RSTR":
		return open, open | flagRST
	case "RSTOS0":
		return flagSYN | flagRST, 0
	case "RSTRH":
		return 0, open | flagRST
	case "SH":
		return open | flagFIN, 0
	case "SHR":
		return 0, open | flagFIN
	}
	return 0, 0
}

// mendMidstream gives each side that sent packets of which no flags are known
// an ACK: they are the middle of something.
func mendMidstream(f *event.Flow) {
	if f.PktsToServer > 0 && f.TCPFlagsTS == 0 {
		f.TCPFlagsTS = flagACK
	}
	if f.PktsToClient > 0 && f.TCPFlagsTC == 0 {
		f.TCPFlagsTC = flagACK
	}
}
