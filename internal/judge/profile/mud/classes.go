package mud

import "edgeward/internal/policy"

// The classes of controllers that are roles of a network. The first two are
// registered (RFC 8520, section 17.8); the others are not, but in use by
// published files and other implementations.
const (
	classDNS     = "urn:ietf:params:mud:dns"
	classNTP     = "urn:ietf:params:mud:ntp"
	classGateway = "urn:ietf:params:mud:gateway"
	classDHCP    = "urn:ietf:params:mud:dhcp"
)

var roleOfClass = map[string]string{
	classDNS: policy.RoleResolver, classNTP: policy.RoleTime, classGateway: policy.RoleGateway, classDHCP: policy.RoleDHCP,
}

var classOfRole = map[string]string{
	policy.RoleResolver: classDNS, policy.RoleTime: classNTP, policy.RoleGateway: classGateway, policy.RoleDHCP: classDHCP,
}
