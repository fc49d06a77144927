package telnet

import (
	"bytes"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func TestDecodeIsInverseOfAppend(t *testing.T) {
	for _, want := range []Token{
		{Kind: Text, Data: []byte("login: ")},
		{Kind: Command, Verb: NOP},
		{Kind: Negotiation, Verb: WILL, Option: OptEcho},
		{Kind: Subnegotiation, Verb: SB, Option: OptTerminalType, Data: []byte("\x00XTERM")},
		{Kind: Subnegotiation, Verb: SB, Option: 31, Data: []byte{0, 80, IAC, IAC, 24}},
	} {
		b := Append(nil, &want)
		var got Token
		n, err := Decode(&got, b)
		if err != nil || n != len(b) || got.Kind != want.Kind || got.Verb != want.Verb || got.Option != want.Option || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%+v became %+v (%d of %d bytes, %v)", want, got, n, len(b), err)
		}
		for i := range b[:len(b)-1] {
			if _, err := Decode(&got, b[:i+1]); want.Kind != Text && err != ErrShort {
				t.Errorf("%x cut at %d: %v, want ErrShort", b, i+1, err)
			}
		}
	}
	var got Token
	if n, err := Decode(&got, append([]byte{IAC, SB, 24}, make([]byte, MaxSubnegotiation)...)); err != ErrLong || n != 3 {
		t.Errorf("endless subnegotiation: %d, %v", n, err)
	}
	if n, err := Decode(&got, []byte{IAC, IAC, 'x'}); err != nil || n != 2 || string(got.Data) != "\xff" {
		t.Errorf("doubled IAC: %d, %q, %v", n, got.Data, err)
	}
}

func TestEnvironUser(t *testing.T) {
	for in, want := range map[string]string{
		"\x00\x00USER\x01root":                    "root",
		"\x00\x03LANG\x01C\x00USER\x01-f root":    "-f root",
		"\x02\x00USER\x01a\x00DISPLAY\x01host:0":  "a",
		"\x01\x00USER":                            "",
		"\x00\x00USERNAME\x01x":                   "",
		"\x00":                                    "",
		"\x00\x00HOME\x01/\x00DISPLAY\x01unix:0.": "",
	} {
		if got := string(EnvironUser([]byte(in))); got != want {
			t.Errorf("EnvironUser(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestClassify(t *testing.T) {
	for line, want := range map[string]prompt{
		"login: ":                       userPrompt,
		"camera-17 login: ":             userPrompt,
		"Username:":                     userPrompt,
		"User Name : ":                  userPrompt,
		"Username>":                     userPrompt,
		"Enter username (admin): ":      userPrompt,
		"Benutzername: ":                userPrompt,
		"Nom d'utilisateur : ":          userPrompt,
		"Usuario: ":                     userPrompt,
		"Имя пользователя: ":            userPrompt,
		"用户名：":                          userPrompt,
		"ユーザー名: ":                       userPrompt,
		"Account:":                      userPrompt,
		"Password: ":                    passwordPrompt,
		"password for root: ":           passwordPrompt,
		"root's Password:":              passwordPrompt,
		"Enter PASSWORD (max 8 chars):": passwordPrompt,
		"Passwort: ":                    passwordPrompt,
		"Mot de passe : ":               passwordPrompt,
		"Contraseña:":                   passwordPrompt,
		"Пароль: ":                      passwordPrompt,
		"密码:":                           passwordPrompt,
		"PIN: ":                         passwordPrompt,
		"# ":                            shellPrompt,
		"~ # ":                          shellPrompt,
		"$ ":                            shellPrompt,
		"root@OpenWrt:~# ":              shellPrompt,
		"Router>":                       shellPrompt,
		"Router(config)#":               shellPrompt,
		"<Quidway>":                     shellPrompt,
		"[admin@MikroTik] > ":           shellPrompt,
		"[Quidway]":                     shellPrompt,
		"-> ":                           shellPrompt,
		"{Administrator}=>":             shellPrompt,
		"====>":                         noPrompt,
		"box%":                          shellPrompt,
		"%":                             noPrompt,
		"Last login: ":                  noPrompt,
		"#####":                         noPrompt,
		"100%":                          noPrompt,
		"----->":                        noPrompt,
		"<br/>":                         noPrompt,
		"<a href=\"x\">":                noPrompt,
		"hello":                         noPrompt,
		"":                              noPrompt,
		"Continue? ":                    otherPrompt,
		"Verbinding: ":                  otherPrompt,
	} {
		if got := classify([]byte(line)); got != want {
			t.Errorf("classify(%q) = %d, want %d", line, got, want)
		}
	}
}

// play runs a session and gives its facts in short.
func play(t *testing.T, run func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn), turns ...dialogue.Turn) (logins, commands []string, c *proto.Conn) {
	t.Helper()
	c = prototest.NewConn(6, 23)
	c.Env.Vault = event.VaultFunc(func(_ *event.Batch, _, user string, value []byte) event.Secret {
		return event.Secret{Seen: true, Len: uint16(len(value)), Text: string(value)}
	})
	run(t, Protocol, c, turns...)
	for _, l := range dialogue.Facts[event.Login](c) {
		if l.Service != event.ProtoTelnet || !l.Clear {
			t.Errorf("login %+v is not one of clear Telnet", l)
		}
		logins = append(logins, l.User+"/"+l.Secret.Text+"/"+l.Outcome)
	}
	for _, f := range dialogue.Facts[event.Telnet](c) {
		if f.Event == "command" {
			commands = append(commands, f.Command)
		}
	}
	return logins, commands, c
}

func TestSessions(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		name             string
		turns            []dialogue.Turn
		logins, commands string
	}{
		{
			"line mode, failure then success, commands",
			[]dialogue.Turn{
				S("\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03\r\nGateway V2\r\nlogin: "), C("\xff\xfc\x01\xff\xfc\x1f"),
				C("admin\r\n"), S("Password: "), C("1234\r\n"), S("\r\nLogin incorrect\r\n\r\nlogin: "),
				C("admin\r\n"), S("Password: "), C("s3cret\r\n"),
				S("\r\n\r\nBusyBox v1.20 (2015) built-in shell (ash)\r\n\r\n~ # "),
				C("enable\r\n"), S("sh: enable: not found\r\n~ # "), C("cat /proc/mounts\r\n"), S("rootfs / rw\r\n~ # "),
			},
			"admin/1234/failure admin/s3cret/success", "enable|cat /proc/mounts",
		},
		{
			"character mode with echo and erasing",
			[]dialogue.Turn{
				S("host login: "), C("r"), S("r"), C("p"), S("p"), C("\x7f"), S("\b \b"), C("oot\r\x00"), S("oot\r\nPassword: "),
				C("p"), C("w"), C("\r\x00"), S("\r\nLast login: Mon Jan  1\r\nroot@host:~# "), C("l"), S("l"), C("s"), S("s"), C("\r\x00"),
				S("\r\na b\r\nroot@host:~# "),
			},
			"root/pw/success", "ls",
		},
		{
			"everything sent ahead",
			[]dialogue.Turn{
				C("root\r\nadmin\r\nsh\r\nid\r\n"), S("login: "), S("root\r\nPassword: "), S("\r\n# "), S("sh\r\n# "), S("id\r\n# "),
			},
			"root/admin/success", "sh|id",
		},
		{
			"sent ahead and refused",
			[]dialogue.Turn{
				C("root\r\nadmin\r\nsh\r\n"), S("login: root\r\nPassword: \r\nLogin incorrect\r\nlogin: "),
			},
			"root/admin/failure", "",
		},
		{
			"password only",
			[]dialogue.Turn{
				S("\r\nUser Access Verification\r\n\r\nPassword: "), C("one\r\n"), S("\r\nPassword: "), C("two\r\n"), S("\r\n% Bad passwords\r\n"),
			},
			"/one/failure /two/failure", "",
		},
		{
			"enable after login",
			[]dialogue.Turn{
				S("Username: "), C("op\r\n"), S("op\r\nPassword: "), C("x\r\n"), S("\r\nSwitch>"), C("enable\r\n"), S("enable\r\nPassword: "),
				C("y\r\n"), S("\r\n% Access denied\r\nSwitch>"), C("enable\r\n"), S("enable\r\nPassword: "), C("z\r\n"), S("\r\nSwitch#"),
			},
			"op/x/success op/y/failure op/z/success", "enable|enable",
		},
		{
			"no password",
			[]dialogue.Turn{S("(none) login: "), C("root\r\n"), S("root\r\n# "), C("ps\r\n"), S("ps\r\n  1 init\r\n# ")},
			"root//success", "ps",
		},
		{
			"a language nobody thought of",
			[]dialogue.Turn{
				S("Kuwamakasha: "), C("mudzimba\r\n"), S("Chinhu: "), C("aa\r\n"), S("\r\nKuwamakasha: "), C("mudzimba\r\n"), S("Chinhu: "), C("bb\r\n"), S("\r\n$ "),
			},
			"mudzimba/aa/failure mudzimba/bb/success", "",
		},
		{
			"menu instead of a shell",
			[]dialogue.Turn{
				S("Login: "), C("admin\r\n"), S("Password: "), C("admin\r\n"), S("\r\n1. Status\r\n2. Reboot\r\nSelect: "), C("2\r\n"), S("Rebooting\r\n"),
			},
			"admin/admin/success", "2",
		},
		{
			"closed without an answer",
			[]dialogue.Turn{S("login: "), C("a\r\n"), S("Password: "), C("b\r\n")},
			"a/b/unknown", "",
		},
		{
			"closed after a refusal",
			[]dialogue.Turn{S("login: "), C("a\r\n"), S("Passwort: "), C("b\r\n"), S("\r\nAnmeldung fehlgeschlagen.\r\n")},
			"a/b/failure", "",
		},
		{
			"only the client was seen",
			[]dialogue.Turn{C("\xff\xfc\x01root\r\nvizxv\r\nenable\r\nsystem\r\n")},
			"root/vizxv/unknown", "enable|system",
		},
		{
			"a failed login before is no failure now",
			[]dialogue.Turn{S("login: "), C("a\r\n"), S("Password: "), C("b\r\n"), S("\r\nLast failed login: Mon\r\nThere were 3 failed login attempts since the last successful login.\r\n[a@h ~]$ ")},
			"a/b/success", "",
		},
		{
			"prompts without a sign at their end",
			[]dialogue.Turn{S("Username"), C("op\r\n"), S("Enter Password"), C("x\r\n"), S("\r\n{op}=>"), C("ver\r\n")},
			"op/x/success", "ver",
		},
		{
			"logged out and in again",
			[]dialogue.Turn{S("login: "), C("a\r\n"), S("Password: "), C("b\r\n"), S("\r\n$ "), C("exit\r\n"), S("\r\nlogin: "), C("c\r\n"), S("Password: "), C("d\r\n"), S("\r\nLogin incorrect\r\nlogin: ")},
			"a/b/success c/d/failure", "exit",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			logins, commands, _ := play(t, dialogue.Play, tt.turns...)
			if got := strings.Join(logins, " "); got != tt.logins {
				t.Errorf("logins %s, want %s", got, tt.logins)
			}
			if got := strings.Join(commands, "|"); got != tt.commands {
				t.Errorf("commands %s, want %s", got, tt.commands)
			}
		})
		t.Run(tt.name+", byte by byte", func(t *testing.T) {
			logins, commands, _ := play(t, dialogue.PlayBytes, tt.turns...)
			if got := strings.Join(logins, " "); got != tt.logins {
				t.Errorf("logins %s, want %s", got, tt.logins)
			}
			if got := strings.Join(commands, "|"); got != tt.commands {
				t.Errorf("commands %s, want %s", got, tt.commands)
			}
		})
	}
}

func TestBannerOutputAndIdentity(t *testing.T) {
	_, _, c := play(t, dialogue.Play,
		dialogue.S("\xff\xfb\x01Acme Camera 4.1\r\n\r\ncam-9 login: "), dialogue.C("root\r\n"), dialogue.S("root\r\nPassword: "), dialogue.C("x\r\n"),
		dialogue.S("\r\nBusyBox v1.30.1 () built-in shell (ash)\r\n\r\n# "), dialogue.C("uname -a\r\n"), dialogue.S("uname -a\r\nLinux cam-9 3.10\r\n# "))
	ids := dialogue.Facts[event.Identity](c)
	if len(ids) != 2 || ids[0].Name != "cam-9" || !strings.HasPrefix(ids[0].Banner, "Acme Camera 4.1") || !strings.HasPrefix(ids[1].Banner, "BusyBox v1.30.1") {
		t.Errorf("identities %+v", ids)
	}
	for _, f := range dialogue.Facts[event.Telnet](c) {
		if f.Event == "command" && (f.Output != "Linux cam-9 3.10" || f.Prompt != "#" || f.User != "root") {
			t.Errorf("command %+v", f)
		}
	}
}

func TestEnvironAttack(t *testing.T) {
	_, _, c := play(t, dialogue.Play, dialogue.S("\xff\xfd\x27"), dialogue.C("\xff\xfa\x27\x00\x00USER\x01-f root\xff\xf0"), dialogue.S("\r\n# "))
	a := dialogue.Facts[event.Anomaly](c)
	if len(a) != 1 || a[0].Event != "environ_user_is_option" {
		t.Errorf("anomalies %+v", a)
	}
}

func TestProbe(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		name  string
		port  bool
		turns []dialogue.Turn
		want  proto.Match
	}{
		{"negotiation on any port", false, []dialogue.Turn{S("\xff\xfd\x18\xff\xfd\x20")}, proto.Yes},
		{"one option on any port", false, []dialogue.Turn{S("\xff\xfd\x18")}, proto.Weak},
		{"one option on its port", true, []dialogue.Turn{S("\xff\xfd\x18")}, proto.Yes},
		{"prompt and answer on any port", false, []dialogue.Turn{S("\r\nlogin: "), C("a")}, proto.Yes},
		{"prompt on its port", true, []dialogue.Turn{S("Account:")}, proto.Yes},
		{"mp3", false, []dialogue.Turn{S("\xff\xfb\x90\x44\x00")}, proto.No},
		{"jpeg", false, []dialogue.Turn{S("\xff\xd8\xff\xe0\x00")}, proto.No},
		{"ssh on its port", true, []dialogue.Turn{S("SSH-2.0-x\r\n")}, proto.No},
		{"ftp on its port", true, []dialogue.Turn{S("220 ready\r\n")}, proto.No},
		{"binary keep-alives on its port", true, []dialogue.Turn{C("\x00\x00"), S("\x00\x00")}, proto.No},
		{"http to its port", true, []dialogue.Turn{C("GET / HTTP/1.0\r\n")}, proto.No},
		{"nothing yet", true, []dialogue.Turn{C("x")}, proto.More},
	} {
		c := prototest.NewConn(6, 23)
		c.Registered = tt.port
		if got := dialogue.Recognise(Protocol, c, tt.turns...); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	c := prototest.NewConn(6, 23)
	p := &dialogue.Player{Parser: Protocol.New(), Conn: c}
	long := bytes.Repeat([]byte("a"), 60000)
	p.Say(event.ToClient, []byte("$ "))
	for range 20 {
		p.Say(event.ToServer, long)
		p.Say(event.ToClient, long)
		p.Say(event.ToClient, bytes.Repeat([]byte("x\n"), 30000))
		p.Say(event.ToServer, []byte("\r\nx\r\n"))
	}
	s := &p.Parser.(*parser).session
	if n := cap(s.queue) + cap(s.output) + cap(s.banner) + cap(s.command) + cap(p.Parser.(*parser).in.line); n > 64<<10 {
		t.Errorf("%d bytes kept", n)
	}
}

func FuzzTelnet(f *testing.F) {
	C, S := dialogue.C[string], dialogue.S[string]
	dialogue.Fuzz(f, Protocol, 6, 23,
		dialogue.Seed(S("\xff\xfd\x01\xff\xfb\x03login: "), C("root\r\n"), S("Password: "), C("x\r\n"), S("\r\n# "), C("id\r\n"), S("uid=0\r\n# ")),
		dialogue.Seed(C("\xff\xfa\x27\x00\x00USER\x01-f root\xff\xf0"), S("\x1b[0m$ "), C("a\r\nb\r\nc\r\n")),
	)
}
