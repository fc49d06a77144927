package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	enumSpan   = 10 * minute
	proofLimit = 20 // proofs of one machine's account within proofSpan; a member of a domain gives one or two
	proofSpan  = minute
	enumLimit  = 3 // hosts asked, or kinds of lists, from which it is more than a look
	maxControl = 2048
)

// lateral finds how attackers move from one machine of the network to the
// next: by remote procedure calls that run something or take secrets, and
// across zones.
type lateral struct {
	e           *Engine
	controllers *table[bool] // hosts that serve a Windows domain
	lists       *table[lister]
	proofs      *table[burst] // proofs to a domain controller by source and controller
}

// lister is what is remembered of one host that asks for lists.
type lister struct {
	pin
	hosts crowd
	kinds wordSet
}

func newLateral(e *Engine) *lateral {
	return &lateral{e: e, controllers: newTable[bool](maxControl), lists: newTable[lister](maxControl), proofs: newTable[burst](maxControl)}
}

func (l *lateral) kinds() []event.Kind {
	return []event.Kind{event.KindDCERPC, event.KindSMB, event.KindKRB5, event.KindFlow}
}

func (l *lateral) close() {}

func (l *lateral) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.DCERPC:
		l.call(s, b)
	case *event.SMB:
		l.file(s, b)
	case *event.KRB5:
		if strings.HasSuffix(b.MsgType, "REP") || b.ErrorCode != "" || s.DstPort == 88 {
			*l.controllers.make(hostKey(s.Place, s.Dst)) = true
		}
	case *event.Flow:
		if b.AppProto == event.ProtoLDAP && b.DataToClient > 0 && s.DstPort == 389 {
			*l.controllers.make(hostKey(s.Place, s.Dst)) = true
		}
		l.zones(s, b)
	}
}

// remoteCalls are the calls that run something on another machine, take its
// secrets or make it log in elsewhere, by the beginning of their names.
var remoteCalls = []struct {
	iface, call, says string
	severity          ident.Severity
}{
	{"svcctl", "CreateService", "installed a service", ident.High},
	{"svcctl", "ChangeServiceConfig", "changed what a service runs", ident.High},
	{"svcctl", "StartService", "started a service", ident.Medium},
	{"atsvc", "NetrJobAdd", "scheduled a task", ident.High},
	{"ITaskSchedulerService", "SchRpcRegisterTask", "scheduled a task", ident.High},
	{"ITaskSchedulerService", "SchRpcRun", "ran a scheduled task", ident.High},
	{"IWbemServices", "ExecMethod", "ran a method by WMI", ident.High},
	{"IWbemLevel1Login", "", "logged in to WMI", ident.Low},
	{"IWbemServices", "", "used WMI", ident.Low},
	{"drsuapi", "DRSGetNCChanges", "copied secrets of the domain by replication (DCSync)", ident.Critical},
	{"drsuapi", "DRSAddEntry", "registered itself as a domain controller", ident.Critical},
	{"winreg", "BaseRegSaveKey", "saved parts of the registry, which hold password hashes", ident.High},
	{"winreg", "BaseRegCreateKey", "created registry keys", ident.Low},
	{"spoolss", "RpcAddPrinterDriver", "installed a printer driver", ident.High},
	{"spoolss", "RpcRemoteFindFirstPrinterChangeNotification", "made the machine log in elsewhere by its print service", ident.High},
	{"efsrpc", "EfsRpcOpenFileRaw", "made the machine log in elsewhere by its file encryption service", ident.High},
	{"efsrpc", "EfsRpcEncryptFileSrv", "made the machine log in elsewhere by its file encryption service", ident.High},
	{"netdfs", "NetrDfsAddStdRoot", "made the machine log in elsewhere by its file system service", ident.High},
	{"netdfs", "NetrDfsRemoveStdRoot", "made the machine log in elsewhere by its file system service", ident.High},
	{"fsrvp", "IsPathSupported", "made the machine log in elsewhere by its shadow copy service", ident.High},
	{"eventlog", "ElfrClearELF", "erased the event log", ident.High},
	{"initshutdown", "BaseInitiateShutdown", "shut the machine down", ident.Medium},
	{"WindowsShutdown", "WsdrInitiateShutdown", "shut the machine down", ident.Medium},
	{"BackupKey", "", "asked for the key that protects all users' secrets", ident.High},
}

// listCalls are the calls that list what there is to attack.
var listCalls = []struct{ iface, call, says string }{
	{"srvsvc", "NetrShareEnum", "shares"}, {"srvsvc", "NetrSessionEnum", "sessions"}, {"srvsvc", "NetrConnectionEnum", "connections"}, {"srvsvc", "NetrFileEnum", "open files"},
	{"wkssvc", "NetrWkstaUserEnum", "users logged in"}, {"samr", "SamrEnumerate", "accounts"}, {"samr", "SamrQueryDisplayInformation", "accounts"}, {"samr", "SamrGetMembersIn", "group members"},
	{"lsarpc", "LsarEnumerateAccounts", "accounts with rights"}, {"svcctl", "EnumServicesStatus", "services"}, {"netlogon", "DsrEnumerateDomainTrusts", "trusted domains"}, {"atsvc", "NetrJobEnum", "tasks"},
}

func (l *lateral) call(s *sight, b *event.DCERPC) {
	if strings.HasPrefix(b.Request, "BIND") || strings.HasPrefix(b.Request, "ALTER") || b.Interface == "" {
		return
	}
	for i := range remoteCalls {
		c := &remoteCalls[i]
		if c.iface != b.Interface || !strings.HasPrefix(b.Operation, c.call) {
			continue
		}
		if c.iface == "drsuapi" && l.controllers.get(hostKey(s.Place, s.Src)) != nil {
			return // controllers replicate each other
		}
		sev, conf := c.severity, 0.85
		if b.Fault != 0 {
			sev, conf = min(sev, ident.Medium), 0.7
		}
		l.report(s, c.says, b.Interface+" "+b.Operation, sev, conf)
		return
	}
	if b.Interface == "netlogon" && strings.HasPrefix(b.Operation, "NetrServerAuthenticate") {
		l.prove(s, b)
		return
	}
	for i := range listCalls {
		if c := &listCalls[i]; c.iface == b.Interface && strings.HasPrefix(b.Operation, c.call) {
			l.list(s, c.says)
			return
		}
	}
}

// prove counts the proofs that a machine gives to a domain controller. One in
// 256 that consist of zeros is taken by a controller that lacks the update of
// August 2020 (CVE-2020-1472, Zerologon), so they are sent until it is.
func (l *lateral) prove(s *sight, b *event.DCERPC) {
	p := l.proofs.make(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)))
	if p.add(s, mix(s.Packet, uint64(b.CallID)), proofSpan) >= proofLimit {
		l.report(s, "tried made-up proofs to log in as the domain controller (Zerologon)", b.Interface+" "+b.Operation, ident.High, 0.9)
	}
}

// report adds a call to what one machine did to another.
func (l *lateral) report(s *sight, says, call string, sev ident.Severity, conf float64) {
	about, other := s.victim()
	rec := l.e.reportAt("lateral.remote-execution", s, about, by(other))
	if rec.isNew() {
		rec.acting = about == &s.src
		rec.severity, rec.confidence = sev, conf
		did := &wordSet{}
		rec.memory = did
		src, dst := s.Src, s.Dst
		rec.tell = func() string {
			return fmt.Sprintf("By remote procedure calls, %s did the following on %s: %s.", src, dst, did.String())
		}
	}
	if rec != nil {
		if did, ok := rec.memory.(*wordSet); ok {
			did.add(says)
			if len(did.words) > 1 {
				sev = max(sev, rec.severity)
			}
		}
	}
	rec.grade(sev, conf)
	rec.peer(other)
	if rec.wants(s) {
		rec.show(l.e, s, call)
	}
	rec.add(&l.e.ledger, s.when, 1)
}

// file finds programs put on shares that only administrators may use.
func (l *lateral) file(s *sight, b *event.SMB) {
	if b.Written == 0 || !adminShare(b.Share) {
		return
	}
	if b.Magic == "pe" || strings.HasPrefix(b.Magic, "elf") || b.Magic == "script" {
		l.report(s, "wrote the program "+clip(baseWindows(b.Filename), 60)+" to an administrative share", "SMB WRITE of a program", ident.High, 0.8)
	}
}

func adminShare(share string) bool {
	i := strings.LastIndexAny(share, `\/`)
	name := share[i+1:]
	return strings.EqualFold(name, "ADMIN$") || len(name) == 2 && name[1] == '$'
}

func baseWindows(path string) string { return path[strings.LastIndexAny(path, `\/`)+1:] }

// list notes who asks for lists. One look is what file managers do.
func (l *lateral) list(s *sight, what string) {
	k := l.lists.make(hostKey(s.Place, s.Src))
	k.kinds.add(what)
	hosts := k.hosts.meet(s, s.Dst, enumSpan, s.DstPort)
	rec := l.e.report("recon.windows-enumeration", s, &s.src, "")
	if rec.isNew() {
		k.keep()
		rec.tell = func() string {
			return fmt.Sprintf("%s asked %s for lists of %s.", rec.address, count(max(rec.peerSet.count(), 1), "Windows machine"), k.kinds.String())
		}
	}
	if hosts >= enumLimit || len(k.kinds.words) >= enumLimit {
		rec.grade(ident.Low, 0.7)
	}
	rec.peer(&s.dst)
	if rec.wants(s) {
		rec.show(l.e, s, "list of "+what)
	}
	rec.add(&l.e.ledger, s.when, 1)
}

// zones finds connections from one zone into another.
func (l *lateral) zones(s *sight, f *event.Flow) {
	if !s.src.home || !s.dst.home || s.group || f.PktsToClient == 0 || f.PktsToServer == 0 || f.Midstream {
		return
	}
	if s.Transport == protoTCP && (f.TCPFlagsTC&flagSYN == 0 || f.TCPFlagsTS&flagACK == 0) {
		return
	}
	from, to := l.e.host(s.Place, &s.src), l.e.host(s.Place, &s.dst)
	if from.Zone == "" || to.Zone == "" || to.Zone == from.Zone {
		return
	}
	rec := l.e.reportAt("lateral.zone-crossing", s, &s.src, group{text: from.Zone, more: to.Zone, port: s.DstPort})
	if rec.isNew() {
		a, b, on, what := strings.Clone(from.Zone), strings.Clone(to.Zone), s.DstPort, f.AppProto.String()
		if what == "" {
			what = transport(s.Transport)
		}
		rec.tell = func() string {
			return fmt.Sprintf("%s in zone %s opened connections (%s, port %d) to %s in zone %s.", rec.address, a, what, on, strings.Join(rec.peers[:min(len(rec.peers), 4)], ", "), b)
		}
	}
	rec.peer(&s.dst)
	rec.show(l.e, s, "connection across zones")
	rec.add(&l.e.ledger, s.when, uint64(f.Aggregated)+1)
}
