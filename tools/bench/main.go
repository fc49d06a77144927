// Command bench runs edgeward beside other programs on one capture, in turns,
// and prints what each of them cost: processor time, peak memory, packets and
// bytes for a second of processor time. Programs that are not installed are
// named and left out.
//
//	bench -capture mix.pcap -edgeward bin/edgeward -rounds 3
//
// With -events it measures the event log instead:
//
//	bench -events 10000000 -captures ../shared/captures
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// contender is one program of the comparison.
type contender struct {
	name    string
	args    []string
	version []string
	limit   time.Duration // it is stopped after so much and its figures left out

	cpu, wall []float64
	rss       []float64 // MiB
	failed    string
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	capture := flag.String("capture", "", "capture to read")
	edgeward := flag.String("edgeward", "bin/edgeward", "the program")
	rounds := flag.Int("rounds", 3, "runs of each program, in turns")
	out := flag.String("o", "", "also write the table to this file")
	tsharkPackets := flag.Int("tshark-packets", 40000, "packets that tshark gets; it keeps state of all it reads")
	rows := flag.Int("events", 0, "measure the event log with so many facts instead, made from those of -captures")
	captures := flag.String("captures", "../shared/captures", "with -events: folder of captures")
	flag.Parse()
	if *rows > 0 {
		if err := runEvents(os.Stdout, *captures, *rows); err != nil {
			log.Fatal(err)
		}
		return
	}
	if *capture == "" {
		log.Fatal("want -capture FILE (see tools/mkpcap)")
	}
	work, err := os.MkdirTemp("", "edgeward-bench-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(work)
	total := measure(*edgeward, *capture)
	list := contenders(*edgeward, *capture, work, *tsharkPackets)
	for round := range *rounds {
		for i := range list {
			if c := &list[i]; c.failed == "" {
				fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, *rounds, c.name)
				c.run()
			}
		}
	}
	w := io.Writer(os.Stdout)
	if *out != "" {
		f, err := os.Create(*out)
		if err != nil {
			log.Fatal(err)
		}
		defer f.Close()
		w = io.MultiWriter(os.Stdout, f)
	}
	table(w, list, total, *capture, *rounds, *tsharkPackets)
}

// totals is what the capture holds, as edgeward counts it.
type totals struct {
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
	Flows   uint64 `json:"flows"`
	Facts   uint64 `json:"facts"`
}

func measure(edgeward, capture string) totals {
	b, err := exec.Command(edgeward, "analyze", "--quiet", "--format", "json", capture).Output()
	if err != nil {
		log.Fatalf("edgeward analyze: %v", err)
	}
	var doc struct {
		Summary totals `json:"summary"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		log.Fatal(err)
	}
	return doc.Summary
}

func contenders(edgeward, capture, work string, tsharkPackets int) []contender {
	null := os.DevNull
	return []contender{
		{name: "edgeward, JSON report", args: []string{edgeward, "analyze", "--quiet", "--format", "json", "--output", filepath.Join(work, "e.json"), capture}, version: []string{edgeward, "version"}},
		{name: "edgeward, one worker", args: []string{edgeward, "analyze", "--quiet", "--workers", "1", "--format", "json", "--output", filepath.Join(work, "e1.json"), capture}},
		{name: "edgeward, every fact as EVE", args: []string{edgeward, "analyze", "--quiet", "--format", "eve", "--output", filepath.Join(work, "e.eve"), capture}},
		{name: "ndpiReader", args: []string{"ndpiReader", "-i", capture, "-q"}, version: []string{"dpkg-query", "-W", "libndpi-bin"}},
		{name: "softflowd (flows only)", args: []string{"softflowd", "-r", capture, "-d", "-n", "127.0.0.1:9"}, version: []string{"dpkg-query", "-W", "softflowd"}},
		{name: "argus (flows only)", args: []string{"argus", "-r", capture, "-w", filepath.Join(work, "argus.out")}, version: []string{"dpkg-query", "-W", "argus-server"}},
		{name: "p0f", args: []string{"p0f", "-r", capture, "-o", filepath.Join(work, "p0f.out")}, version: []string{"dpkg-query", "-W", "p0f"}, limit: 5 * time.Minute},
		{name: "tshark, first packets", args: []string{"tshark", "-n", "-r", capture, "-c", fmt.Sprint(tsharkPackets), "-T", "fields", "-e", "frame.number"}, version: []string{"dpkg-query", "-W", "tshark"}},
		{name: "tcpdump, copy only", args: []string{"tcpdump", "-nn", "-r", capture, "-w", null}, version: []string{"dpkg-query", "-W", "tcpdump"}},
	}
}

func (c *contender) run() {
	if _, err := exec.LookPath(c.args[0]); err != nil {
		c.failed = "not installed"
		return
	}
	cmd := exec.Command(c.args[0], c.args[1:]...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	start := time.Now()
	if err := cmd.Start(); err != nil {
		c.failed = err.Error()
		return
	}
	if c.limit > 0 {
		stop := time.AfterFunc(c.limit, func() { _ = cmd.Process.Kill() })
		defer stop.Stop()
	}
	err := cmd.Wait()
	if err != nil {
		c.failed = fmt.Sprintf("%v: %s", err, strings.TrimSpace(lastLine(errs.String())))
		return
	}
	u := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	c.cpu = append(c.cpu, seconds(u.Utime)+seconds(u.Stime))
	c.wall = append(c.wall, time.Since(start).Seconds())
	c.rss = append(c.rss, float64(u.Maxrss)/1024)
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

func median(l []float64) float64 {
	l = slices.Clone(l)
	slices.Sort(l)
	return l[len(l)/2]
}

func table(w io.Writer, list []contender, t totals, capture string, rounds, tsharkPackets int) {
	fmt.Fprintln(w, "Not run, because Debian has no package of them here: Suricata, Zeek, Snort 3 and current nDPI (Debian's is older).")
	fmt.Fprintf(w, "\n%s: %d packets, %d bytes, %d flows, %d facts. %d runs of each in turns; medians.\n\n", filepath.Base(capture), t.Packets, t.Bytes, t.Flows, t.Facts, rounds)
	fmt.Fprintln(w, "| program | CPU s | M packets / CPU s | MB / CPU s | k flows / CPU s | wall s | peak MiB | CPU against edgeward |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|")
	base := 0.0
	for i := range list {
		c := &list[i]
		if c.failed != "" || len(c.cpu) == 0 {
			continue
		}
		cpu := median(c.cpu)
		if base == 0 {
			base = cpu
		}
		packets, share := float64(t.Packets), ""
		bytesRead, flows := float64(t.Bytes)/1e6/cpu, float64(t.Flows)/1e3/cpu
		if strings.HasPrefix(c.name, "tshark") {
			packets = float64(min(uint64(tsharkPackets), t.Packets))
			share = fmt.Sprintf("%.1f for its packets", cpu/packets/(base/float64(t.Packets)))
			bytesRead, flows = bytesRead*packets/float64(t.Packets), flows*packets/float64(t.Packets)
		} else {
			share = fmt.Sprintf("%.2f", cpu/base)
		}
		fmt.Fprintf(w, "| %s | %.2f | %.3f | %.0f | %.0f | %.2f | %.0f | %s |\n", c.name, cpu, packets/1e6/cpu, bytesRead, flows, median(c.wall), median(c.rss), share)
	}
	fmt.Fprintln(w)
	for i := range list {
		c := &list[i]
		if c.failed != "" {
			fmt.Fprintf(w, "- %s: %s\n", c.name, c.failed)
			continue
		}
		fmt.Fprintf(w, "- %s: `%s`", c.name, strings.Join(c.args, " "))
		if len(c.version) > 0 {
			if b, err := exec.Command(c.version[0], c.version[1:]...).Output(); err == nil {
				fmt.Fprintf(w, " (%s)", strings.Join(strings.Fields(string(b)), " "))
			}
		}
		fmt.Fprintln(w)
	}
}
