"""What the tests that compare networks ask for: command lines by theme, each played on both engines.

``@box`` is the tests' image; NET stands for the start of subnets of the tests' own, SIX for that of IPv6 ones, and
ENDPOINT for ``driver-opt=com.docker.network.endpoint``.  No line makes Docker take a subnet and then fail: it would
keep it.
"""

CREATE = {
    "names": r"""
a b
""
host
none
bridge
default
@n @m
@n
""",
    "drivers": r"""
--driver nope @n
--driver host @n
--driver null @n
--driver overlay @n
--ipam-driver nope @n
--ipam-driver null @n
--ipam-driver null --subnet NET.0.0/24 @n
--ipam-driver default --ipam-opt a=b --ipam-opt c @n
--scope swarm @n
--scope local @n
--ingress @n
--attachable --label a --label b=c @n
--config-only @n
--config-only --subnet NET.1.0/24 --label x=y -o com.docker.network.driver.mtu=1400 @n
--config-from @nope @n
--config-only --config-from @nope @n
""",
    "subnets": r"""
--subnet nonsense @n
--subnet NET.0.1/24 @n
--subnet NET.0.0 @n
--subnet NET.0.0/33 @n
--subnet NET.2.0/31 @n
--subnet NET.3.0/32 @n
--subnet NET.4.0/24 @n
--subnet NET.4.0/24 --gateway 10.9.9.9 @n
--subnet NET.4.0/24 --gateway x @n
--gateway NET.4.1 @n
--subnet NET.4.0/24 --ip-range 10.9.9.0/25 @n
--subnet NET.4.0/24 --ip-range NET.4.128/25 @n
--subnet NET.4.0/24 --ip-range NET.4.1/25 @n
--subnet NET.4.0/24 --ip-range NET.4.0/16 @n
--subnet NET.4.0/24 --ip-range x @n
--subnet NET.4.0/24 --aux-address a=10.9.9.9 @n
--subnet NET.4.0/24 --aux-address a=x @n
--subnet NET.4.0/24 --aux-address a @n
--subnet NET.4.0/24 --gateway NET.4.9 --aux-address a=NET.4.5 --aux-address b=NET.4.6 @n
--subnet NET.4.0/24 --gateway NET.4.5 --gateway NET.4.6 @n
""",
    "ipv6": r"""
--subnet SIX:1::/64 @n
--subnet SIX:1::/64 --ipv6 @n
--subnet SIX:2::/127 --ipv6 @n
--subnet SIX:3::/64 --ip-range SIX:3::/80 --gateway SIX:3::5 --aux-address a=SIX:3::7 --ipv6 @n
--subnet SIX:4::/64 --ipv6 --ipv4=false @n
--subnet SIX:5::/64 --subnet NET.5.0/24 --ipv6 @n
--subnet NET.6.0/24 --ipv4=false @n
--ipv6=nope @n
-o com.docker.network.enable_ipv6=nope @n
""",
    "options": r"""
-o x=y @n
-o com.docker.network.bridge.enable_icc=nope @n
-o com.docker.network.bridge.enable_icc= @n
-o com.docker.network.bridge.enable_ip_masquerade=nope @n
-o com.docker.network.bridge.enable_ip_masquerade=0 @n
-o com.docker.network.bridge.host_binding_ipv4=nope @n
-o com.docker.network.bridge.host_binding_ipv4=127.0.0.1 @n
-o com.docker.network.bridge.inhibit_ipv4=nope @n
-o com.docker.network.driver.mtu=nope @n
-o com.docker.network.driver.mtu=-1 @n
-o com.docker.network.driver.mtu=0 @n
-o com.docker.network.driver.mtu=1400 @n
-o com.docker.network.bridge.gateway_mode_ipv4=nope @n
-o com.docker.network.bridge.gateway_mode_ipv4=isolated --internal @n
-o com.docker.network.bridge.gateway_mode_ipv4=routed @n
-o com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected @n
-o com.docker.network.host_ipv4=nope @n
-o com.docker.network.container_iface_prefix=foo @n
-o com.docker.network.advertise_addr_nmsgs=0 @n
-o com.docker.network.advertise_addr_nmsgs=4 @n
-o com.docker.network.advertise_addr_nmsgs=x @n
-o com.docker.network.advertise_addr_ms=2000 @n
-o com.docker.network.advertise_addr_ms=99 @n
-o com.docker.network.advertise_addr_ms= @n
--internal @n
""",
    "parents": r"""
-d macvlan -o parent=pdtnone @n
-d macvlan -o parent=pdtnone.10 @n
-d macvlan -o parent=pdtnone.x @n
-d macvlan -o parent=pdtnone.5000 @n
-d macvlan -o parent=pdtnone.1.2 @n
-d macvlan -o macvlan_mode=nope @n
-d ipvlan -o ipvlan_mode=nope @n
-d ipvlan -o ipvlan_flag=nope @n
""",
}

#: on ``@s`` (a range, an address set aside), ``@a`` and ``@six``
RUN = {
    "addresses": r"""
--network @nope @box true
--network @s @box hostname -i
--network @s --ip NET.10.5 @box hostname -i
--network @s --ip 10.9.9.9 @box hostname -i
--network @s --ip NET.10.65 @box hostname -i
--network @s --ip NET.10.0 @box hostname -i
--network @s --ip NET.10.1 @box hostname -i
--network @s --ip x @box hostname -i
--network @s --ip SIX:6::1 @box hostname -i
--network @s --ip6 SIX:6::1 @box hostname -i
--network @a --ip NET.10.5 @box hostname -i
--ip NET.10.5 @box hostname -i
--network host --ip NET.10.5 @box hostname -i
--network none --ip NET.10.5 @box hostname -i
--network @six --ip NET.11.9 --ip6 SIX:6::77 @box hostname -i
--network @six --ip6 SIX:7::77 @box hostname -i
--network @six --ip6 ::ffff:NET.11.77 @box hostname -i
--network @six --sysctl net.ipv6.conf.all.disable_ipv6=1 @box hostname -i
--link-local-ip 169.254.5.5 --network @s @box sh -c 'busybox ip -4 -o addr | grep -c 169.254.5.5/16'
--link-local-ip nope --network @a @box true
""",
    "several": r"""
--network-alias x @box true
--network host --network-alias x @box true
--network none --network-alias x @box true
--network container:@nope @box true
--network @a --network @a @box true
--network @a --network host @box true
--network host --network @a @box true
--network none --network @a @box true
--network @a --network none @box true
--network bridge --network @a @box ls /sys/class/net
--network name=@s,alias=x --network-alias y @box true
--network name=@s,gw-priority=x @box true
--network name=@s,nope=x @box true
--network alias=x @box true
--network name=@nope,ip=x @box true
--network name=@nope,link-local-ip=x,ip6=NET.1.1 @box true
--network name=@s,gw-priority=9223372036854775808 @box true
--network name=@s,ip=NET.10.9 --ip NET.10.10 @box true
--network @s --network name=@six,gw-priority=1 @box sh -c 'busybox ip route | grep default | cut -d" " -f3'
""",
    "interfaces": r"""
--network name=@a,ENDPOINT.ifname=foo0 @box ls /sys/class/net
--network name=@a,ENDPOINT.sysctls=net.ipv4.conf.IFNAME.forwarding=1 @box cat /proc/sys/net/ipv4/conf/eth0/forwarding
--network name=@a,ENDPOINT.sysctls=net.ipv4.conf.eth0.forwarding=1 @box true
--network name=@a,ENDPOINT.sysctls=net.ipv4.ip_forward=1 @box true
--network name=@s,mac-address=02:42:ac:11:00:99,gw-priority=5 @box cat /sys/class/net/eth0/address
--network name=@a,mac-address=02:42:ac:11:00:99 --mac-address 02:42:ac:11:00:98 @box cat /sys/class/net/eth0/address
--mac-address nope @box true
--mac-address 02-42-AC-11-00-99 @box cat /sys/class/net/eth0/address
--mac-address 0242.ac11.0099 @box cat /sys/class/net/eth0/address
--mac-address 02:42:ac:11:00 @box true
--network @six @box sh -c 'cd /proc/sys/net/ipv6/conf; cat all/disable_ipv6 eth0/disable_ipv6 lo/disable_ipv6'
--network @a @box sh -c 'cd /proc/sys/net/ipv6/conf; cat all/disable_ipv6 eth0/disable_ipv6 lo/disable_ipv6'
--network none @box sh -c 'cd /proc/sys/net/ipv6/conf; cat all/disable_ipv6 default/disable_ipv6 lo/disable_ipv6'
""",
    "files": r"""
--dns nope @box true
--dns 9.9.9.9 --dns fd00::9 --dns-search a.b --dns-search c.d --dns-option ndots:3 @box cat /etc/resolv.conf
--network @a --dns 9.9.9.9 --dns-search a.b --dns-option ndots:3 --dns-option debug @box cat /etc/resolv.conf
--dns-search . @box cat /etc/resolv.conf
--network @a --dns-search . @box cat /etc/resolv.conf
--network @a --dns 127.0.0.1 @box cat /etc/resolv.conf
--network none @box cat /etc/resolv.conf /etc/hosts
--network host --dns 9.9.9.9 @box cat /etc/resolv.conf
--hostname foo.bar --domainname baz --network @s --ip NET.10.7 @box cat /etc/hosts /etc/hostname
--network @six --ip NET.11.7 --ip6 SIX:6::7 -h six @box cat /etc/hosts
--network @six --ip NET.11.7 -h six --sysctl net.ipv6.conf.all.disable_ipv6=1 @box cat /etc/hosts
--add-host a:1.2.3.4 --add-host b=fd00::1 --add-host c:[fd00::2] --network none @box cat /etc/hosts
--add-host a @box true
--add-host a: @box true
--add-host :1.2.3.4 @box true
--add-host a:nope @box true
--hostname a_b @box hostname
""",
    "ports": r"""
-p x @box true
-p 70000:80 @box true
-p 80:70000 @box true
-p 18081-18080:80 @box true
-p 18080-18081:80-82 @box true
-p 18080:80/nope @box true
-p nope:18080:80 @box true
-p 192.0.2.99::80 @box true
--expose x @box true
--expose 90-80 @box true
--network none -p 18080:80 @box true
""",
}

#: ``@run`` runs on ``@a``, ``@made`` was made for it, ``@shared`` has the network of ``@run``
CONNECT = r"""
connect @s @run
connect @s @run
connect @nope @run
connect @s @nope
connect host @run
connect none @run
connect @s @host
connect @s @none
connect @s @shared
disconnect @s @run
disconnect @s @run
disconnect -f @s @run
disconnect @nope @run
disconnect @s @nope
disconnect -f @s @nope
disconnect host @host
disconnect none @none
connect @s @none
connect --ip NET.12.9 --alias x --alias y --link @run:z --driver-opt com.docker.network.endpoint.ifname=q0 @s @run
disconnect @s @run
connect --ip 10.9.9.9 @s @run
connect --ip x @s @run
connect --ip NET.12.9 @a @run
connect --ip6 SIX:9::9 @s @run
connect --link-local-ip 169.254.9.9 @s @run
disconnect @s @run
connect --gw-priority x @s @run
connect --ip NET.12.7 --gw-priority 7 @s @run
disconnect @a @run
connect @s @made
connect @s @made
disconnect @s @made
disconnect @s @made
connect --alias x bridge @made
connect --alias x bridge @none
connect --alias x host @none
connect --alias x none @none
connect --alias x host @run
connect --alias x bridge @host
"""
