package report

import "strconv"

// Counter is one of the counters, by its name in EVE.
type Counter struct {
	Name  string
	Value uint64
}

// Counters lists the counters in a fixed order.
func (r *Report) Counters() []Counter {
	l := r.Loss
	return []Counter{
		{"packets", r.Packets}, {"bytes", r.Bytes}, {"flows", r.Flows}, {"facts", r.Facts},
		{"devices", uint64(max(len(r.Devices), r.DeviceCount))}, {"findings", uint64(max(len(r.Findings), r.FindingCount))},
		{"kernel_drops", l.KernelDrops}, {"duplicates", l.Duplicates}, {"undecoded", l.Undecoded}, {"snapped", l.Snapped},
		{"flows_evicted", l.Evicted}, {"one_sided", l.OneSided}, {"midstream", l.Midstream}, {"gaps", l.Gaps},
		{"parser_errors", l.ParserErrors}, {"flows_aggregated", l.Suppressed}, {"fragments_lost", l.Fragments},
		{"hosts_forgotten", l.Hosts}, {"streams_without_memory", l.NoMemory}, {"findings_over_limit", l.FindingsLimit},
	}
}

// StatsEVE appends the counters as members of an EVE stats object.
func (r *Report) StatsEVE(b []byte) []byte {
	for i, c := range r.Counters() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, c.Name...)
		b = append(b, '"', ':')
		b = strconv.AppendUint(b, c.Value, 10)
	}
	if r.Loss.Truncated {
		b = append(b, `,"truncated":true`...)
	}
	return b
}
