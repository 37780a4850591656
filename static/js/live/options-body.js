/** @import { RecognitionOptions } from "../api/types.js" */

/** The options of a form as the API takes them: a line of hotwords is one phrase, also where there is only one. @param {RecognitionOptions} options */
export const optionsBody = ({ hotwords, ...others }) => ({ ...others, hotwords: `${hotwords}\n` });
