// What the tests of a host cluster run in pods: a server that says hello, a client that prints what a URL says, and both ends of
// connections that network policies let through or not.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

const patience = 4 * time.Second

func main() {
	switch os.Args[1] {
	case "serve":
		serve()
	case "get":
		get(os.Args[2])
	case "listen":
		listen(os.Args[2], os.Args[3], os.Args[4:])
	case "dial":
		dial()
	}
}

func serve() {
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(answer, "hello") })
	fmt.Println(http.ListenAndServe(":8080", nil))
	os.Exit(1)
}

func get(url string) {
	client := http.Client{Timeout: 3 * time.Second}
	var last error
	for range 10 {
		answer, err := client.Get(url)
		if err == nil {
			text, _ := io.ReadAll(answer.Body)
			fmt.Printf("said: %s", text)
			return
		}
		last = err
		time.Sleep(time.Second)
	}
	fmt.Println(last)
	os.Exit(1)
}

// listen says a name to whoever comes, at every port: "80" is TCP, "53/UDP" is UDP.
func listen(name, address string, ports []string) {
	for _, port := range ports {
		number, protocol, _ := strings.Cut(port, "/")
		if protocol == "UDP" {
			socket, err := net.ListenPacket("udp", net.JoinHostPort(address, number))
			stopOn(err)
			go answerPackets(socket, name)
			continue
		}
		socket, err := net.Listen("tcp", net.JoinHostPort(address, number))
		stopOn(err)
		go answerConnections(socket, name)
	}
	fmt.Println("listening")
	select {}
}

func answerConnections(socket net.Listener, name string) {
	for {
		connection, err := socket.Accept()
		stopOn(err)
		fmt.Fprintln(connection, name)
		connection.Close()
	}
}

func answerPackets(socket net.PacketConn, name string) {
	asked := make([]byte, 16)
	for {
		_, from, err := socket.ReadFrom(asked)
		stopOn(err)
		socket.WriteTo([]byte(name+"\n"), from)
	}
}

// dial reads lines of own address ("-" for any), address and port; it prints for each who answered: "silent" for a connection
// that says nothing, and nothing where there is none.
func dial() {
	var lines []string
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		lines = append(lines, input.Text())
	}
	answers := make([]string, len(lines))
	var running sync.WaitGroup
	slots := make(chan struct{}, 64)
	for number, line := range lines {
		running.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; running.Done() }()
			answers[number] = ask(strings.Fields(line))
		}()
	}
	running.Wait()
	fmt.Println(strings.Join(answers, "\n"))
}

func ask(words []string) string {
	number, protocol, _ := strings.Cut(words[2], "/")
	network, own := "tcp", net.Addr(nil)
	if protocol == "UDP" {
		network = "udp"
	}
	if ip := net.ParseIP(words[0]); ip != nil && network == "udp" {
		own = &net.UDPAddr{IP: ip}
	} else if ip != nil {
		own = &net.TCPAddr{IP: ip}
	}
	dialer := net.Dialer{Timeout: patience, LocalAddr: own}
	connection, err := dialer.Dial(network, net.JoinHostPort(words[1], number))
	if err != nil {
		return ""
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(patience / 2))
	if network == "udp" {
		fmt.Fprint(connection, "?")
	}
	name, _ := bufio.NewReader(connection).ReadString('\n')
	if name == "" && network == "tcp" {
		return "silent"
	}
	return strings.TrimSpace(name)
}

func stopOn(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
