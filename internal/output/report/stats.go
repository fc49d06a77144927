package report

import "strconv"

// StatsEVE appends the counters as members of an EVE stats object.
func (r *Report) StatsEVE(b []byte) []byte {
	l := r.Loss
	for i, c := range []struct {
		name  string
		value uint64
	}{
		{"packets", r.Packets}, {"bytes", r.Bytes}, {"flows", r.Flows}, {"facts", r.Facts},
		{"devices", uint64(max(len(r.Devices), r.DeviceCount))}, {"findings", uint64(max(len(r.Findings), r.FindingCount))},
		{"kernel_drops", l.KernelDrops}, {"duplicates", l.Duplicates}, {"undecoded", l.Undecoded}, {"snapped", l.Snapped},
		{"flows_evicted", l.Evicted}, {"one_sided", l.OneSided}, {"midstream", l.Midstream}, {"gaps", l.Gaps},
		{"parser_errors", l.ParserErrors}, {"flows_aggregated", l.Suppressed}, {"fragments_lost", l.Fragments},
		{"hosts_forgotten", l.Hosts}, {"streams_without_memory", l.NoMemory}, {"findings_over_limit", l.FindingsLimit},
	} {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, c.name...)
		b = append(b, '"', ':')
		b = strconv.AppendUint(b, c.value, 10)
	}
	if l.Truncated {
		b = append(b, `,"truncated":true`...)
	}
	return b
}
