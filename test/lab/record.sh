#!/usr/bin/env bash
# Records the project's own capture, testdata/lab.pcap: real servers and clients
# in network namespaces on one machine, and stand-ins (see standin/) where no
# real program plays the part without harm. Nothing leaves the namespaces, and
# everything stops by itself.
#
# Needs root and: iproute2 tcpdump mosquitto mosquitto-clients libcoap3-bin dcmtk
# Usage: test/lab/record.sh [OUTPUT]
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-test/lab/lab.pcap}
work=$(mktemp -d)
hosts=(gw broker sensor1 sensor2 sensor3 dash coapd coapc camera dvr pc modality pacs monitor lab)

cleanup() {
	for h in "${hosts[@]}" net link; do
		ip netns pids "el-$h" 2>/dev/null | xargs -r kill 2>/dev/null || true
		ip netns del "el-$h" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap cleanup EXIT

CGO_ENABLED=0 go build -o "$work/standin" ./test/lab/standin

# One switch, every host on it, and a gateway with the loader behind it.
ip netns add el-link
ip -n el-link link add br0 type bridge
ip -n el-link link set br0 up
host() { # name address mac
	ip netns add "el-$1"
	ip -n el-link link add "v-$1" type veth peer name eth0 netns "el-$1"
	ip -n el-link link set "v-$1" master br0 up
	ip -n "el-$1" link set eth0 address "$3"
	ip -n "el-$1" addr add "$2/24" dev eth0
	ip -n "el-$1" link set eth0 up
	ip -n "el-$1" link set lo up
	[ "$1" = gw ] || ip -n "el-$1" route add default via 10.20.0.1
}
host gw 10.20.0.1 f4:92:bf:00:00:01
host broker 10.20.0.10 dc:a6:32:00:00:10
host sensor1 10.20.0.21 24:6f:28:00:00:21
host sensor2 10.20.0.22 84:f3:eb:00:00:22
host sensor3 10.20.0.23 ec:fa:bc:00:00:23
host dash 10.20.0.24 00:1b:21:00:00:24
host coapd 10.20.0.30 00:12:4b:00:00:30
host coapc 10.20.0.31 00:1b:21:00:00:31
host camera 10.20.0.40 c0:56:e3:00:00:40
host dvr 10.20.0.41 4c:11:bf:00:00:41
host pc 10.20.0.50 3c:52:82:00:00:50
host modality 10.20.0.60 00:09:fb:00:00:60
host pacs 10.20.0.61 00:15:5d:00:00:61
host monitor 10.20.0.62 00:09:fb:00:00:62
host lab 10.20.0.63 00:15:5d:00:00:63
ip netns add el-net
ip -n el-net link add eth0 type veth peer name wan netns el-gw
ip -n el-net addr add 203.0.113.66/24 dev eth0
ip -n el-net link set eth0 up
ip -n el-net route add 10.20.0.0/24 via 203.0.113.1
ip -n el-gw addr add 203.0.113.1/24 dev wan
ip -n el-gw link set wan up
ip netns exec el-gw sysctl -qw net.ipv4.ip_forward=1

on() { local h=$1; shift; ip netns exec "el-$h" "$@"; }
wait_port() { # host port
	for _ in $(seq 100); do on "$1" ss -Hltn "sport = :$2" | grep -q . && return; sleep 0.05; done
	echo "port $2 of $1 did not open" >&2; exit 1
}

on link tcpdump -Z root -q -i br0 -s 0 -U -w "$work/lab.pcap" 2>"$work/tcpdump.log" &
capture=$!
for _ in $(seq 100); do [ -s "$work/lab.pcap" ] && break; sleep 0.05; done
[ -s "$work/lab.pcap" ] || { cat "$work/tcpdump.log" >&2; exit 1; }

echo "broker and sensors" >&2
printf 'listener 1883 0.0.0.0\nallow_anonymous true\n' >"$work/mosquitto.conf"
on broker timeout 120 mosquitto -c "$work/mosquitto.conf" >/dev/null 2>&1 &
wait_port broker 1883
on dash timeout 30 mosquitto_sub -h 10.20.0.10 -i dashboard -t 'plant/#' -C 14 >/dev/null &
for i in 1 2 3 4; do
	on sensor1 mosquitto_pub -h 10.20.0.10 -i thermo-1 -V mqttv31 -t plant/hall1/temperature -m "2$i.5"
	on sensor2 mosquitto_pub -h 10.20.0.10 -i thermo-2 -V mqttv311 -q 1 -u sensor -P 'lab-Secret-7' -t plant/hall2/temperature -m "1$i.0"
	on sensor3 mosquitto_pub -h 10.20.0.10 -i valve-3 -V mqttv5 -q 2 -r -t plant/hall1/valve -m open
done

echo "CoAP" >&2
on coapd timeout 60 coap-server-notls -A 10.20.0.30 >/dev/null 2>&1 &
sleep 0.5
on coapc coap-client-notls -m get coap://10.20.0.30/.well-known/core >/dev/null
for i in 1 2 3; do
	on coapc coap-client-notls -m get coap://10.20.0.30/time >/dev/null
	on coapc coap-client-notls -m put -e "value=$i" coap://10.20.0.30/example_data >/dev/null
done
on coapc coap-client-notls -s 3 -m get coap://10.20.0.30/time >/dev/null

echo "hospital" >&2
mkdir "$work/pacs"
printf '(0008,0016) UI =SecondaryCaptureImageStorage\n(0008,0018) UI [1.2.826.0.1.3680043.9.1.1]\n(0010,0010) PN [INVENTED^PERSON]\n(0010,0020) LO [000000]\n(0020,000d) UI [1.2.826.0.1.3680043.9.1.2]\n(0020,000e) UI [1.2.826.0.1.3680043.9.1.3]\n' >"$work/image.txt"
dump2dcm -q "$work/image.txt" "$work/image.dcm"
on pacs timeout 60 storescp -aet PACS -od "$work/pacs" 11112 >/dev/null 2>&1 &
wait_port pacs 11112
on modality echoscu -aet CT1 -aec PACS 10.20.0.61 11112
for _ in 1 2; do on modality storescu -aet CT1 -aec PACS 10.20.0.61 11112 "$work/image.dcm" >/dev/null 2>&1; done
on lab "$work/standin" hl7-server -listen 10.20.0.63:2575 -for 60s &
wait_port lab 2575
on monitor "$work/standin" hl7-client -target 10.20.0.63:2575

echo "the worm's chain" >&2
on net "$work/standin" loader -listen 203.0.113.66:80 -for 90s &
on net "$work/standin" command -listen 203.0.113.66:48101 -for 90s &
wait_port net 80
on camera "$work/standin" camera -listen 10.20.0.40:23 -user root -password vizxv -loader 203.0.113.66:80 -target 10.20.0 -for 80s &
on dvr "$work/standin" camera -listen 10.20.0.41:2323 -user operator -password 'Kq8-unguessed' -loader 203.0.113.66:80 -target 10.20.0 -for 80s &
wait_port camera 23
wait_port dvr 2323
on pc timeout 45 "$work/standin" worm -target 10.20.0 -loader 203.0.113.66:80 -for 40s || true
sleep 12

ip netns pids el-link | xargs -r kill -TERM
wait "$capture" 2>/dev/null || true
mkdir -p "$(dirname "$out")"
cp "$work/lab.pcap" "$out"
echo "$out: $(stat -c %s "$out") bytes" >&2
