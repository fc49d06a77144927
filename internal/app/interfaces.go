//go:build !sensor

package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/api"
	"edgeward/internal/ident"
)

// Where the kernel shows interfaces. It needs neither a right nor a netlink
// socket, which the unit of the hub does not allow.
const classNet = "/sys/class/net"

// maxInterfaces bounds what is shown of a machine with many containers.
const maxInterfaces = 256

// machineInterfaces lists the interfaces of this machine: those with hardware
// first, loopback last.
func machineInterfaces() ([]api.Interface, error) {
	entries, err := os.ReadDir(classNet)
	if err != nil {
		return nil, ident.Errorf(ident.Unavailable, "", "list the interfaces of this machine: %w", err)
	}
	// What is mounted may show another network namespace than this process
	// is in; where the process may ask, only what both know counts.
	var own map[string]bool
	if all, err := net.Interfaces(); err == nil {
		own = map[string]bool{}
		for _, x := range all {
			own[x.Name] = true
		}
	}
	var out []api.Interface
	for _, e := range entries {
		name := e.Name()
		dir := filepath.Join(classNet, name)
		if _, err := os.Stat(filepath.Join(dir, "statistics")); err != nil || own != nil && !own[name] {
			continue // such as bonding_masters
		}
		_, err := os.Stat(filepath.Join(dir, "device"))
		x := api.Interface{Name: name, Virtual: err != nil, MAC: sysText(dir, "address"), Packets: sysCount(dir, "statistics/rx_packets"), Bytes: sysCount(dir, "statistics/rx_bytes")}
		x.Loopback = sysText(dir, "type") == "772" // ARPHRD_LOOPBACK
		x.Up = sysText(dir, "carrier") == "1"      // reading it fails while the interface is down
		if n, err := strconv.Atoi(sysText(dir, "speed")); err == nil && n > 0 {
			x.Speed = n
		}
		out = append(out, x)
	}
	rank := func(x *api.Interface) int {
		switch {
		case x.Loopback:
			return 2
		case x.Virtual:
			return 1
		}
		return 0
	}
	slices.SortFunc(out, func(a, b api.Interface) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), cmp.Compare(a.Name, b.Name))
	})
	return out[:min(len(out), maxInterfaces)], nil
}

func sysText(dir, name string) string { return strings.TrimSpace(readFile(filepath.Join(dir, name))) }

func sysCount(dir, name string) uint64 {
	n, _ := strconv.ParseUint(sysText(dir, name), 10, 64) // what cannot be read counts nothing
	return n
}

// Where the choice of a person is kept.
const (
	sensorKind    = "local-sensor"
	interfacesKey = "interfaces"
)

// chosen gives the interfaces that a person chose in the console.
func (h *Hub) chosen(ctx context.Context) []string {
	var names []string
	b, err := h.State.Document(ctx, 0, sensorKind, interfacesKey)
	if err == nil {
		err = json.Unmarshal(b, &names)
	}
	if err != nil && ident.CodeOf(err) != ident.NotFound {
		h.o.Log.Warn("the choice of interfaces could not be read", "error", err)
	}
	return names
}

var _ api.Interfaces = (*Hub)(nil)

// Interfaces lists the interfaces of this machine and says whether the hub may
// watch them.
func (h *Hub) Interfaces(ctx context.Context) (api.InterfaceList, error) {
	items, err := machineInterfaces()
	if err != nil {
		return api.InterfaceList{}, err
	}
	names, running, failed := h.local.status()
	l := api.InterfaceList{Items: items, Allowed: mayCapture(), Fixed: len(h.o.Config.Interfaces) > 0, Running: running}
	for i := range l.Items {
		l.Items[i].Watched = slices.Contains(names, l.Items[i].Name)
	}
	if len(names) > 0 && failed != nil {
		l.Problem, l.Hint = failed.Error(), ident.HintOf(failed)
	}
	if !l.Allowed {
		l.Command = h.captureCommand()
	}
	return l, nil
}

// Watch lets the local sensor go over to other interfaces. The choice is kept
// even where the hub may not open packet sockets: it holds once it may.
func (h *Hub) Watch(ctx context.Context, names []string) error {
	if len(h.o.Config.Interfaces) > 0 {
		return ident.Errorf(ident.Invalid, "change them where they stand: --interface, EDGEWARD_INTERFACES or the configuration file", "the interfaces were named when the hub was started")
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	known, err := machineInterfaces()
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.ContainsFunc(known, func(x api.Interface) bool { return x.Name == name }) {
			return ident.Errorf(ident.Usage, "choose one of those that are listed", "this machine has no interface %q", name)
		}
	}
	b, err := json.Marshal(names)
	if err != nil {
		return fmt.Errorf("keep the choice of interfaces: %w", err)
	}
	if err := h.State.PutDocument(ctx, 0, sensorKind, interfacesKey, b); err != nil {
		return err
	}
	h.local.use(names)
	return nil
}

// captureCommand says what lets the hub watch interfaces. A service gets the
// right from its unit, a program from its file.
func (h *Hub) captureCommand() string {
	if os.Getenv("INVOCATION_ID") != "" && os.Getenv("NOTIFY_SOCKET") != "" {
		return `sudo mkdir -p /etc/systemd/system/edgeward.service.d
sudo tee /etc/systemd/system/edgeward.service.d/capture.conf <<'END'
[Service]
AmbientCapabilities=CAP_NET_RAW
CapabilityBoundingSet=CAP_NET_RAW
PrivateUsers=no
RestrictAddressFamilies=AF_PACKET
END
sudo systemctl daemon-reload
sudo systemctl restart edgeward`
	}
	return "sudo setcap cap_net_raw+ep " + quoted(ownPath()) + "\n" + quoted(ownPath()) + " run --data " + quoted(h.folder.path) + " --listen " + quoted(h.o.Config.Listen)
}

// quoted makes text one word of a shell.
func quoted(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._:@%+=,-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
