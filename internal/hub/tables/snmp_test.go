package tables

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// agent starts a real SNMP agent that holds the tables of a small switch.
func agent(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("snmpd")
	if err != nil {
		bin = "/usr/sbin/snmpd"
		if _, err := os.Stat(bin); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal("snmpd is missing")
			}
			t.Skip("skipped: snmpd is missing (Debian package snmpd)")
		}
	}
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := c.LocalAddr().String()
	c.Close()
	dir := t.TempDir()
	conf := filepath.Join(dir, "agent.conf")
	text := fmt.Sprintf(`agentAddress udp:%s
rocommunity reader 127.0.0.1
createUser watcher SHA "authentication" AES "privacy-key"
rouser watcher priv
sysName switch-1
override .1.3.6.1.2.1.4.22.1.2.3.10.9.8.7 octet_str "0x00155d000061"
override .1.3.6.1.2.1.17.4.3.1.2.0.21.93.0.0.97 integer 4
override .1.3.6.1.2.1.17.7.1.2.2.1.2.20.0.21.93.0.0.98 integer 4
override .1.3.6.1.2.1.17.1.4.1.2.4 integer 12
override .1.3.6.1.2.1.31.1.1.1.1.12 octet_str "Gi1/0/4"
override .1.0.8802.1.1.2.1.4.1.1.5.0.12.1 octet_str "0x00155d000063"
override .1.0.8802.1.1.2.1.4.1.1.9.0.12.1 octet_str "pacs-1"
`, address)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "-f", "-Lf", filepath.Join(dir, "log"), "-C", "-c", conf, "-I", "-systemstats,diskio")
	cmd.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+dir, "MIBS=")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return address
}

func TestWalk(t *testing.T) {
	address := agent(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, target := range []Target{
		{Address: address, Community: "reader", Timeout: time.Second},
		{Address: address, User: "watcher", Auth: "sha", AuthKey: "authentication", Privacy: "aes", PrivKey: "privacy-key", Timeout: time.Second},
	} {
		var list []Entry
		var err error
		for list, err = Walk(ctx, target); err != nil && ctx.Err() == nil; list, err = Walk(ctx, target) { // it may not listen yet
			time.Sleep(50 * time.Millisecond)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"00:15:5d:00:00:61 10.9.8.7  switch-1  ",
			"00:15:5d:00:00:61 invalid IP  switch-1 Gi1/0/4 ",
			"00:15:5d:00:00:62 invalid IP  switch-1 Gi1/0/4 20",
			"00:15:5d:00:00:63 invalid IP pacs-1 switch-1 Gi1/0/4 ",
		} {
			if !slices.ContainsFunc(list, func(e Entry) bool {
				return fmt.Sprintf("%s %s %s %s %s %s", e.MAC, e.Address, e.Name, e.Switch, e.Port, e.VLAN) == want
			}) {
				t.Errorf("no %q in %+v", want, list)
			}
		}
	}
}

func TestWalkRefused(t *testing.T) {
	for _, target := range []Target{{}, {Address: "127.0.0.1"}, {Address: "127.0.0.1:x", Community: "c"}, {Address: "127.0.0.1", User: "u", Privacy: "aes"}} {
		if _, err := Walk(context.Background(), target); err == nil {
			t.Errorf("%+v was asked", target)
		}
	}
}
