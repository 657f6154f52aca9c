package lab

import (
	"net"
	"net/netip"
)

// addrPort is the address of a socket, or the zero value.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	}
	return netip.AddrPort{}
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// reader reads without an allocation a packet where the socket can.
func reader(c net.PacketConn) func([]byte) (int, error) {
	if u, ok := c.(interface {
		ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error)
	}); ok {
		return func(b []byte) (int, error) {
			n, _, err := u.ReadFromUDPAddrPort(b)
			return n, err
		}
	}
	return func(b []byte) (int, error) {
		n, _, err := c.ReadFrom(b)
		return n, err
	}
}

// writeTo writes without an allocation where the socket can.
func writeTo(c net.PacketConn, b []byte, to netip.AddrPort) error {
	if u, ok := c.(interface {
		WriteToUDPAddrPort([]byte, netip.AddrPort) (int, error)
	}); ok {
		_, err := u.WriteToUDPAddrPort(b, to)
		return err
	}
	_, err := c.WriteTo(b, net.UDPAddrFromAddrPort(to))
	return err
}
