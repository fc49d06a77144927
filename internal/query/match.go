package query

import (
	"net/netip"

	"edgeward/internal/ident"
)

// Matches reports whether a record passes the query. Live views use it; the
// event log has its own way over columns.
func (q *Query) Matches(r *Record) bool { return q.Root.matches(r) }

func (n *Node) matches(r *Record) bool {
	switch n.Op {
	case And:
		for _, k := range n.Kids {
			if !k.matches(r) {
				return false
			}
		}
		return true
	case Or:
		for _, k := range n.Kids {
			if k.matches(r) {
				return true
			}
		}
		return false
	case Not:
		return !n.Kids[0].matches(r)
	case Match:
		return n.Test.matches(r)
	}
	return true
}

func (t *Test) matches(r *Record) bool {
	for _, c := range t.Columns {
		switch v := r.column(c).(type) {
		case string:
			if t.Text != nil && t.Text(v) {
				return true
			}
		case int64:
			if t.Num != nil && t.Num(v) {
				return true
			}
		case netip.Addr:
			if t.Addr != nil && t.Addr(v) {
				return true
			}
		}
	}
	return len(t.Body) > 0 && r.Fact != nil && t.MatchBody(r.Fact.Body)
}

func (r *Record) column(c Column) any {
	mac := func(m ident.MAC) string {
		if m.IsZero() {
			return ""
		}
		return m.String()
	}
	switch c {
	case ColTime:
		return r.Time
	case ColKind:
		return r.KindName
	case ColSensor:
		return r.Sensor
	case ColScope:
		return int64(r.Place.Scope)
	case ColTransport:
		return int64(r.Transport)
	case ColVLAN:
		return int64(r.VLAN)
	case ColProtocol:
		return r.Protocol
	case ColSrcMAC:
		return mac(r.SrcMAC)
	case ColDstMAC:
		return mac(r.DstMAC)
	case ColSrc:
		return r.Src
	case ColDst:
		return r.Dst
	case ColSrcPort:
		return int64(r.SrcPort)
	case ColDstPort:
		return int64(r.DstPort)
	case ColSrcHost:
		return int64(r.SrcHost)
	case ColDstHost:
		return int64(r.DstHost)
	case ColName:
		return r.Name
	case ColVerb:
		return r.Verb
	case ColPath:
		return r.Path
	case ColUser:
		return r.User
	case ColStatus:
		return r.Status
	case ColBytesOut:
		return int64(r.BytesOut)
	case ColBytesIn:
		return int64(r.BytesIn)
	case ColBytes:
		return int64(r.BytesOut + r.BytesIn)
	case ColPackets:
		return int64(r.Packets)
	case ColFlow:
		return int64(r.Flow)
	case ColCapture:
		return r.Capture
	case ColPacket:
		return int64(r.Packet)
	case ColIngest:
		return r.Ingest
	}
	return nil
}
