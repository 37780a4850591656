/**
 * What the pages call the values of the REST API. Their shapes come from its description, by scripts/generate_types.py;
 * only what a page adds or leaves out is written here.
 *
 * @import * as Api from "./api-types.d.ts"
 *
 * @typedef {Api.ErrorDetail} Problem
 * @typedef {Api.ClusterAnswer} Cluster
 * @typedef {Api.ClusterActor} ClusterActor
 * @typedef {Api.ClusterNode} ClusterNode
 * @typedef {Api.FindingAnswer} Finding
 * @typedef {Api.HotwordAnswer} HotwordOutcome
 * @typedef {Api.JobState} JobState
 * @typedef {Api.ModelAnswer} Model
 * @typedef {Api.Peaks} Peaks
 * @typedef {Api.ReceiptLine} ReceiptLine
 * @typedef {Api.WordAnswer} Word
 *
 * @typedef {Omit<Api.TranscriptionAnswer, "segments">} Transcription
 * @typedef {Transcription & {segments: Segment[]}} FullTranscription
 * @typedef {Omit<Api.SegmentAnswer, "words"> & {words?: Word[], shownLanguage?: string}} Segment  its words once they were asked for; `shownLanguage` is its language where it is another one than before
 * @typedef {Omit<Api.PieceAnswer, "start" | "end" | "words"> & {start: number | null, end: number | null, words: Word[] | null}} Piece  times: null until the server has found them; words: null until they were asked for
 * @typedef {Omit<Api.EditAnswer, "pieces"> & {pieces: Piece[]}} Edit
 * @typedef {{revision: number, edits: Edit[]}} Edits
 * @typedef {Omit<Api.EditChange, "pieces"> & {pieces: Required<Api.PieceDraft>[]}} Change
 *
 * @typedef {Api.BatchAnswer} Batch
 * @typedef {Api.BatchItemAnswer} BatchItem
 * @typedef {Api.UploadAnswer} Upload
 *
 * @typedef {Api.AccountAnswer} Account
 * @typedef {Api.AuditAnswer} AuditEntry
 * @typedef {Api.AuditPage} AuditPage
 * @typedef {Api.CreatedKey} CreatedKey
 * @typedef {Api.KeyAnswer} ApiKey
 * @typedef {Api.LinkAnswer} PersonLink
 * @typedef {Api.PersonAnswer} Person
 * @typedef {Api.SessionAnswer} LoginSession
 * @typedef {Api.ShareLinkAnswer} ShareLink
 * @typedef {Api.GrantAnswer} Grant
 *
 * @typedef {Api.CaseFile} CaseFile
 * @typedef {Api.CasePreview} CasePreview
 * @typedef {Api.CheckAnswer} Check
 * @typedef {Api.WebhookAnswer} Webhook
 * @typedef {Api.DeliveryAnswer} Delivery
 * @typedef {Api.ReplayAnswer} Replay
 * @typedef {Api.ReplayResult} ReplayResult
 * @typedef {Api.DifferenceAnswer} Difference
 *
 * @typedef {Api.ComparisonAnswer} Comparison
 * @typedef {Api.ReadingAnswer} Reading
 * @typedef {Api.SegmentLineAnswer} ComparedSegment
 * @typedef {Api.CellAnswer} ComparedText
 * @typedef {Api.DifferencePiece} DifferencePiece
 *
 * @typedef {Api.DeletionAnswer} Deletion
 * @typedef {Api.StatisticsAnswer} Statistics
 * @typedef {{ id: string, name: string, count: number, text: string }} SavedList
 * @typedef {Api.LogLine} LogLine
 * @typedef {Api.LogPage} LogPage
 *
 * @typedef {Api.ModelItem} ModelItem
 * @typedef {Api.PullAnswer} Pull
 * @typedef {Api.NeedsAnswer} Needs
 * @typedef {Api.DeviceItem} Device
 * @typedef {Api.SettingItem} SettingItem
 * @typedef {Api.SettingsAnswer} Settings
 * @typedef {Api.StorageAnswer} Storage
 * @typedef {Api.TrialAnswer} ReplacementTrial
 * @typedef {Api.RereadAnswer} RereadAnswer
 *
 * @typedef {Api.VadAnswer} Analysis
 * @typedef {Api.SoundEvents} SoundEvents
 * @typedef {Api.SoundMark} SoundMark
 * @typedef {Api.VadOptionsAnswer} VadOptions
 * @typedef {Api.VadPeaks} VadPeaks
 * @typedef {Api.Speech} Speech
 * @typedef {Api.Stretch} SpeechSegment
 * @typedef {Api.MissingList} Missing
 * @typedef {Api.MissingRule} MissingRule
 * @typedef {Api.MissingStretch} MissingInterval
 *
 * @typedef {Api.SpeakersAnswer} Speakers
 * @typedef {Api.SpeakerAnswer} Speaker
 * @typedef {Api.DoubtfulTurnAnswer} DoubtfulTurn
 * @typedef {Api.VoiceAnswer} KnownVoice
 * @typedef {Api.ProposalAnswer} VoiceProposal
 *
 * @typedef {Omit<Api.Options, "hotwords" | "model" | "track" | "replacements"> & {hotwords: string, replacements?: string, model?: string, track?: number}} RecognitionOptions  as a form has them: a hotword on each line
 */

export {};
