package main

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// Group is every schedule in every zone (empty: that of the machine, here UTC) at every instant.
type Group struct {
	Schedules []string `json:"schedules"`
	Zones     []string `json:"zones"`
	From      []string `json:"from"`
	Count     int      `json:"count"`
}

// Due has the times that follow, in seconds since 1970, or an error. Fewer times than wanted: no more come.
type Due struct {
	Schedule string  `json:"schedule"`
	Zone     string  `json:"zone"`
	From     string  `json:"from"`
	Count    int     `json:"count"`
	Times    []int64 `json:"times,omitempty"`
	Error    string  `json:"error,omitempty"`
}

func due(asked Due) (told Due) {
	told = asked
	defer func() {
		if reason := recover(); reason != nil {
			told.Error = fmt.Sprint("panic: ", reason)
		}
	}()
	// The controller validates the schedule alone, and then schedules it with its zone before it.
	parsed, err := cron.ParseStandard(asked.Schedule)
	if err == nil && asked.Zone != "" {
		parsed, err = cron.ParseStandard("CRON_TZ=" + asked.Zone + " " + asked.Schedule)
	}
	if err != nil {
		told.Error = err.Error()
		return told
	}
	at, err := time.Parse(time.RFC3339Nano, asked.From)
	if err != nil {
		panic(err)
	}
	for len(told.Times) < asked.Count {
		at = parsed.Next(at)
		if at.IsZero() {
			return told
		}
		told.Times = append(told.Times, at.Unix())
	}
	return told
}
