// What the tests of a host cluster run in pods: a server that says hello, and a client that prints what a URL says.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	if os.Args[1] == "serve" {
		http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(answer, "hello") })
		fmt.Println(http.ListenAndServe(":8080", nil))
		os.Exit(1)
	}
	client := http.Client{Timeout: 3 * time.Second}
	var last error
	for range 10 {
		answer, err := client.Get(os.Args[2])
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
