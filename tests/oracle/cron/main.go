// Answers questions about CronWorkflows with the very modules of the controller (Argo Workflows 3.7.18).
//
//	go run . < cases.json > answers.json
//
// cases.json says what is asked; the answers are in the order of the cases, one a line.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	_ "time/tzdata"
)

// Cases is what is asked.
type Cases struct {
	Schedules []Group    `json:"schedules"`
	When      []string   `json:"when"`
	Stop      []string   `json:"stop"`
	Status    []Status   `json:"status"`
	Cron      CronFields `json:"cron"`
}

func main() {
	time.Local = time.UTC
	cases := Cases{}
	content, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = json.Unmarshal(content, &cases)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	schedules := []any{}
	for _, group := range cases.Schedules {
		for _, zone := range group.Zones {
			for _, schedule := range group.Schedules {
				for _, from := range group.From {
					schedules = append(schedules, due(Due{Schedule: schedule, Zone: zone, From: from, Count: group.Count}))
				}
			}
		}
	}
	when, stop := []any{}, []any{}
	for _, status := range cases.Status {
		for _, text := range cases.When {
			when = append(when, whenHolds(cases.Cron, status, text))
		}
		for _, text := range cases.Stop {
			stop = append(stop, stopHolds(cases.Cron, status, text))
		}
	}
	fmt.Printf("{\n\"schedules\": [\n%s\n],\n\"when\": [\n%s\n],\n\"stop\": [\n%s\n]\n}\n", lines(schedules), lines(when), lines(stop))
}

func lines(answers []any) string {
	written := []string{}
	for _, answer := range answers {
		line, err := json.Marshal(answer)
		if err != nil {
			panic(err)
		}
		written = append(written, string(line))
	}
	return strings.Join(written, ",\n")
}
