import { startPage } from "../components/page.js";

startPage();
