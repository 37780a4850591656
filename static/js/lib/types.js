/**
 * What the REST API takes and sends; the words are those of /docs.
 *
 * @typedef {{language: string, quality: string, hotwords: string, itn: boolean, punctuation: boolean, channels: string, model?: string}} RecognitionOptions
 *
 * @typedef {{code: string, message: string, advice: string}} Problem
 *
 * @typedef {object} Finding  something odd about a recording or its text
 * @property {string} id
 * @property {string} fact
 * @property {string} advice
 * @property {{label: string, again: Partial<RecognitionOptions>, page: string} | null} remedy
 *
 * @typedef {object} Progress
 * @property {"queued" | "preparing" | "recognizing" | "finished"} stage
 * @property {number} percent  0 to 100
 * @property {number} seconds_done
 * @property {number} segments_done
 * @property {number} segments_failed
 * @property {number} segments_total  0 until the recording has been read
 * @property {number | null} eta_seconds
 * @property {number | null} queue_position  1 is next
 *
 * @typedef {object} Segment
 * @property {number} index
 * @property {number} start  seconds
 * @property {number} end  seconds
 * @property {"pending" | "done" | "failed"} state
 * @property {string} text
 * @property {string} text_raw
 * @property {number | null} channel  counted from 1; null where the channels were mixed
 * @property {string} emotion  empty where the model tells none
 * @property {string[]} events  what else was heard
 * @property {string} [language]  as the model heard it; empty where it tells none
 * @property {string} [spoken]  the same, where it is another one than before
 * @property {Word[]} [words]  once they were asked for
 *
 * @typedef {{text: string, start: number, end: number, confidence: number, raw: string}} Word
 *
 * @typedef {object} Piece  a paragraph of a text that was put right
 * @property {number | null} start  seconds; null until the server has found it in the words
 * @property {number | null} end
 * @property {string} text
 * @property {string} text_raw
 * @property {Word[] | null} words  null until they were asked for
 *
 * @typedef {{first: number, last: number, pieces: Piece[]}} Edit  what stands in place of some segments
 *
 * @typedef {{name: string, asked: string, applied: string, reason: string}} ReceiptLine
 *
 * @typedef {object} HotwordOutcome
 * @property {string} word
 * @property {"matched" | "not_heard" | "unusable"} status
 * @property {{start: number, end: number}[]} places  seconds
 * @property {string} unknown  characters that the model cannot write
 *
 * @typedef {"queued" | "running" | "succeeded" | "failed" | "cancelled"} JobState
 *
 * @typedef {object} Transcription
 * @property {string} id
 * @property {string} name
 * @property {JobState} state
 * @property {string} created_at
 * @property {string | null} started_at
 * @property {string | null} finished_at
 * @property {string} source
 * @property {{language: string, quality: string, hotwords: string[], itn: boolean, punctuation: boolean}} options
 * @property {number} size_bytes
 * @property {number | null} duration  seconds
 * @property {string | null} language
 * @property {string | null} model
 * @property {string | null} device
 * @property {Progress} progress
 * @property {boolean} cancel_requested
 * @property {string} text
 * @property {string[]} warnings
 * @property {Problem | null} error
 * @property {number} revision
 * @property {number} edit_revision  0 where the text is as it was recognised
 *
 * @typedef {Transcription & {segments: Segment[], receipt: ReceiptLine[], hotwords: HotwordOutcome[], confidence: number | null}} FullTranscription
 *
 * @typedef {object} Model
 * @property {"stopped" | "loading" | "ready" | "busy" | "failed"} state
 * @property {string | null} name
 * @property {string[]} languages  that it knows, beside auto; empty while it is not loaded
 * @property {string | null} device
 * @property {string | null} dtype
 * @property {number | null} parameters
 * @property {number | null} load_seconds
 * @property {number | null} memory_bytes
 * @property {number} restarts
 * @property {Problem | null} problem
 * @property {Problem | null} last_restart_reason
 * @property {ReceiptLine[]} receipt  device and precision: asked, applied, why
 */

export {};
