// Reads a calendar from standard input with ical.js and prints its events as JSON.
import ICAL from "ical.js";
import { readFileSync } from "node:fs";

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
const events = calendar.getAllSubcomponents("vevent").map((component) => {
  const event = new ICAL.Event(component);
  const text = (name) => component.getFirstPropertyValue(name).toString();
  return {
    uid: event.uid,
    arrival: event.startDate.toString(),
    departure: event.endDate.toString(),
    whole_days: event.startDate.isDate && event.endDate.isDate,
    summary: event.summary,
    sequence: event.sequence,
    modified: text("last-modified"),
    stamp: text("dtstamp"),
  };
});
const name = calendar.getFirstPropertyValue("x-wr-calname");
process.stdout.write(JSON.stringify({ name, events }));
