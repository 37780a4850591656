/**
 * What goes over the socket /api/v1/live; see /docs.
 *
 * @typedef {Omit<import("../api/types.js").RecognitionOptions, "channels" | "model">} LiveOptions
 * @typedef {{detector: string, threshold: number, mode: number, min_silence_ms: number, max_segment_ms: number, min_speech_ms: number}} LiveVad
 * @typedef {{options: LiveOptions, vad: LiveVad}} LiveSettings
 *
 * @typedef {object} Started
 * @property {"audio-started"} type
 * @property {string} session
 * @property {string | null} token  null where the session goes on
 * @property {string} transcription
 * @property {number} next_chunk
 * @property {number} channels
 * @property {string[]} channel_names
 * @property {Final[]} segments
 * @property {SpeakerLabel[]} speakers
 *
 * @typedef {{segment: number, speaker: number}} SpeakerLabel  counted from 1; it may be another one later
 * @typedef {{type: "speakers", speakers: SpeakerLabel[]}} SpeakersChanged
 *
 * @typedef {{type: "acknowledged", next_chunk: number, seconds: number}} Acknowledged
 * @typedef {{type: "voice-started", start: number, channel: number | null}} VoiceStarted
 * @typedef {{type: "voice-stopped", start: number, end: number, channel: number | null}} VoiceStopped
 *
 * @typedef {object} Partial
 * @property {"partial"} type
 * @property {number} segment
 * @property {number} start  seconds
 * @property {number} end  seconds
 * @property {string} text
 * @property {number} stable  characters that will not change
 * @property {number | null} [channel]  counted from 1
 * @property {number} latency_ms
 *
 * @typedef {object} Final
 * @property {"final"} [type]
 * @property {number} segment
 * @property {number} start  seconds
 * @property {number} end  seconds
 * @property {string} text
 * @property {string | null} [dropped]  the rule by which there is no text
 * @property {boolean} [failed]
 * @property {number | null} [channel]  counted from 1
 * @property {number | null} [latency_ms]
 *
 * @typedef {{type: "settings"}} SettingsHeld
 * @typedef {{type: "pong", sent_at: number}} Pong
 * @typedef {{type: "problem", code: string, message: string, advice: string, fatal: boolean}} LiveProblem
 * @typedef {{type: "ended", transcription: string}} Ended
 *
 * @typedef {Started | Acknowledged | VoiceStarted | VoiceStopped | Partial | (Final & {type: "final"}) | SpeakersChanged | SettingsHeld | Pong | LiveProblem | Ended} LiveMessage
 */

export {};
