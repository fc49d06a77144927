package dcerpc

// Calls whose bind was not seen have no interface. One of them is told by its
// order: replication of a domain's secrets. A client binds (DRSBind), asks who
// the domain controllers are (DRSDomainControllerInfo) or what a name means
// (DRSCrackNames), and then wants the changes (DRSGetNCChanges), whose arguments
// take some hundred bytes. No other interface here has a call of that size
// with that number after those.

var drsuapi = ParseUUID("e3514235-4b06-11d1-ab04-00c04fc2dcd2")

const (
	drsBind           = 0
	drsGetNCChanges   = 3
	drsCrackNames     = 12
	drsControllerInfo = 16
	minChangesRequest = 160 // bytes of stub
)

// inference follows the calls of an association without a bind.
type inference struct {
	bound   bool // a call with the number of DRSBind
	looked  bool // then one with that of DRSControllerInfo or DRSCrackNames
	drsuapi bool
}

// call takes the next call and gives the interface that it must belong to, the
// zero UUID when that cannot be told.
func (f *inference) call(opnum uint16, stubLen int) UUID {
	switch opnum {
	case drsBind:
		f.bound = true
	case drsCrackNames, drsControllerInfo:
		f.looked = f.looked || f.bound
	case drsGetNCChanges:
		f.drsuapi = f.drsuapi || f.looked && stubLen >= minChangesRequest
	}
	if f.drsuapi {
		return drsuapi
	}
	return UUID{}
}
