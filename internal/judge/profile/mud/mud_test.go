package mud_test

import "edgeward/internal/judge/profile/mud"

func readStrict(data []byte) (*mud.File, error) { return mud.ReadStrict("lamp.json", data) }

// luminaire is a file in the form of the RFC.
var luminaire = []byte(`{
  "ietf-mud:mud": {
    "mud-version": 1,
    "mud-url": "https://lamps.example/lamp",
    "last-update": "2026-03-01T12:00:00Z",
    "mud-signature": "https://lamps.example/lamp.p7s",
    "cache-validity": 48,
    "is-supported": true,
    "systeminfo": "A lamp",
    "mfg-name": "Lamps",
    "model-name": "L1",
    "from-device-policy": {"access-lists": {"access-list": [{"name": "from"}]}},
    "to-device-policy": {"access-lists": {"access-list": [{"name": "to"}]}}
  },
  "ietf-access-control-list:acls": {
    "acl": [
      {
        "name": "from",
        "type": "ipv4-acl-type",
        "aces": {"ace": [
          {
            "name": "a-fr",
            "matches": {
              "ipv4": {"ietf-acldns:dst-dnsname": "update.lamps.example", "protocol": 6},
              "tcp": {"ietf-mud:direction-initiated": "from-device", "destination-port": {"operator": "eq", "port": 443}}
            },
            "actions": {"forwarding": "accept"}
          },
          {
            "name": "b-fr",
            "matches": {"ietf-mud:mud": {"local-networks": [null]}, "ipv4": {"protocol": 17}, "udp": {"source-port": {"operator": "eq", "port": 5683}}},
            "actions": {"forwarding": "accept"}
          },
          {
            "name": "c-fr",
            "matches": {"ipv4": {"destination-ipv4-network": "192.0.2.0/24", "protocol": 17}, "udp": {"destination-port": {"lower-port": 7000, "upper-port": 7010}}},
            "actions": {"forwarding": "accept"}
          }
        ]}
      },
      {
        "name": "to",
        "type": "ipv4-acl-type",
        "aces": {"ace": [
          {
            "name": "a-to",
            "matches": {
              "ipv4": {"ietf-acldns:src-dnsname": "update.lamps.example", "protocol": 6},
              "tcp": {"ietf-mud:direction-initiated": "from-device", "source-port": {"operator": "eq", "port": 443}}
            },
            "actions": {"forwarding": "accept"}
          },
          {
            "name": "b-to",
            "matches": {"ietf-mud:mud": {"local-networks": [null]}, "ipv4": {"protocol": 17}, "udp": {"destination-port": {"operator": "eq", "port": 5683}}},
            "actions": {"forwarding": "accept"}
          },
          {
            "name": "c-to",
            "matches": {"ipv4": {"source-ipv4-network": "192.0.2.0/24", "protocol": 17}, "udp": {"source-port": {"lower-port": 7000, "upper-port": 7010}}},
            "actions": {"forwarding": "accept"}
          }
        ]}
      }
    ]
  }
}
`)
